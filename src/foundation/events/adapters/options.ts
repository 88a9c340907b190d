import { type BusTarget, ConfigError } from '../../../platform/config.ts';
import type { Logger } from '../../../platform/telemetry.ts';

export interface BusOptions {
  target: BusTarget;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** How long a bus may take until it answers for the first time. */
  patience_ms: number;
}

/** An error that says which variable is wrong, and why, without a password. */
export function notUsable(target: BusTarget, reason: string, cause?: unknown): ConfigError {
  const url = `${target.kind}${target.tls ? '+tls' : ''}://${target.servers.join(',')}`;
  return new ConfigError(`BUS_URL: ${url} ${reason}`, { cause });
}

/** What an unknown thing that was thrown says. */
export function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
