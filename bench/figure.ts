/** One figure: a ratio of two measurements of the same run, so that it means the same on another machine. */
export interface Figure {
  name: string;
  ratio: number;
  /** What was measured, and whether higher or lower is better. */
  detail: string;
}
