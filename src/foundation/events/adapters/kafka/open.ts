import type { Bus } from '../../model.ts';
import { type BusOptions, notUsable } from '../options.ts';

export async function openKafka({ target }: BusOptions): Promise<Bus> {
  throw notUsable(target, 'is not there yet');
}
