import type { House, Part } from '../house.ts';

/** Delivers webhooks. */
export async function startWebhooks(_house: House): Promise<Part> {
  return { stop: async () => undefined };
}
