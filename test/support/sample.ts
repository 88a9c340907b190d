/** A request that the server takes when it is sent as it stands, with the ids of a world in it. */
export interface Sample {
  url: string;
  body?: unknown;
  content_type?: string;
}
