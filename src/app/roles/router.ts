import type { House, Part } from '../house.ts';

/** Runs what follows each event of the bus. */
export async function startRouter(_house: House): Promise<Part> {
  return { stop: async () => undefined };
}
