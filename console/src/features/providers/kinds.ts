import type { Choice } from '../../ui/select.tsx';

/** The kinds of endpoints that a server has; what it lacks it refuses by name. */
export const inboundKinds = [
  { value: 'generic', label: 'Generic, signed as Standard Webhooks' },
  { value: 'stripe', label: 'Stripe' },
  { value: 'meter_gateway', label: 'Meter gateway' },
] as const satisfies readonly Choice<string>[];

export type InboundKind = (typeof inboundKinds)[number]['value'];

const names: Record<string, string> = { generic: 'Generic', stripe: 'Stripe', meter_gateway: 'Meter gateway' };
export const kindName = (kind: string): string => names[kind] ?? kind;
