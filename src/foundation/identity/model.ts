import { z } from 'zod';
import { Id, Instant, page, Text } from '../../platform/schemas.ts';
import { Email, Slug } from '../tenancy/model.ts';

export const roles = ['admin', 'finance', 'technical', 'user'] as const;
export type Role = (typeof roles)[number];

const nouns = ['orgs', 'catalog', 'usage', 'billing', 'invoices', 'audit', 'keys', 'events', 'members', 'webhooks'] as const;

/** Every scope there is; `*` is all of them, those of later versions too. */
export const scopes: readonly string[] = ['*', ...nouns.flatMap((noun) => [`${noun}:read`, `${noun}:write`])];

/** What a member of the tenant's own organization may do, over the whole tenant. */
const staff: Readonly<Record<Role, readonly string[]>> = {
  admin: ['*'],
  finance: [
    'orgs:read',
    'orgs:write',
    'catalog:read',
    'catalog:write',
    'usage:read',
    'billing:read',
    'billing:write',
    'invoices:read',
    'invoices:write',
    'audit:read',
    'events:read',
    'members:read',
    'webhooks:read',
  ],
  technical: [
    'orgs:read',
    'catalog:read',
    'catalog:write',
    'usage:read',
    'usage:write',
    'billing:read',
    'invoices:read',
    'audit:read',
    'events:read',
    'events:write',
    'keys:read',
    'keys:write',
    'members:read',
    'webhooks:read',
    'webhooks:write',
  ],
  user: ['orgs:read', 'catalog:read', 'usage:read', 'billing:read', 'invoices:read'],
};

/** What a member of any other organization may do, over that organization and all below it. */
const party: Readonly<Record<Role, readonly string[]>> = {
  admin: ['orgs:read', 'usage:read', 'invoices:read', 'members:read', 'members:write', 'webhooks:read', 'webhooks:write'],
  finance: ['orgs:read', 'usage:read', 'invoices:read'],
  technical: ['orgs:read', 'usage:read', 'webhooks:read', 'webhooks:write'],
  user: ['orgs:read', 'usage:read'],
};

/** What a key that is bound to an organization can be given: scopes all of whose routes show no more than `principal.org_ids`. */
export const boundable: readonly string[] = [
  'orgs:read',
  'usage:read',
  'invoices:read',
  'members:read',
  'members:write',
  'webhooks:read',
  'webhooks:write',
];

export function scopesOf(role: Role, organization: { is_own: boolean }): ReadonlySet<string> {
  return new Set((organization.is_own ? staff : party)[role]);
}

/** Twelve characters or more; no rule about which (NIST SP 800-63B §3.1.1.2). */
export const Password = z.string().min(12, 'must have at least 12 characters').max(200);

export const SignIn = z.strictObject({
  email: Email,
  password: z.string().min(1).max(200),
  /** The tenant's slug, needed only where one address and password open several. */
  tenant: Slug.optional(),
});
export type SignIn = z.infer<typeof SignIn>;

export const Setup = z.strictObject({
  token: z.string().min(1).max(200),
  password: Password,
  /** Who the first administrator is; an invited user is known already. */
  email: Email.optional(),
  name: Text(200).optional(),
});
export type Setup = z.infer<typeof Setup>;

export const Session = z.object({
  user: z.object({ user_id: z.string(), email: z.string(), name: z.string() }),
  tenant: z.object({ tenant_id: z.string(), name: z.string(), mode: z.enum(['live', 'test']) }),
  organization: z.object({ org_id: z.string(), legal_name: z.string(), is_own: z.boolean() }),
  role: z.enum(roles),
  scopes: z.array(z.string()),
  csrf_token: z.string().meta({ description: 'goes back as X-CSRF-Token with every write' }),
});
export type Session = z.infer<typeof Session>;

export const ApiKey = z.object({
  api_key_id: z.string(),
  name: z.string(),
  prefix: z.string(),
  last_four: z.string(),
  scopes: z.array(z.string()),
  org_id: z.string().nullable().meta({ description: 'bound to this organization and all below it; null for the whole tenant' }),
  created_by: z.string(),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  last_used_at: z.string().nullable().meta({ description: 'to the minute' }),
});
export type ApiKey = z.infer<typeof ApiKey>;
export const ApiKeyPage = page(ApiKey);
/** The one answer that carries the whole key. */
export const MadeApiKey = ApiKey.extend({ key: z.string() });

export const NewApiKey = z.strictObject({
  name: Text(200),
  scopes: z.array(z.string().max(50)).min(1).max(100),
  expires_at: Instant.optional(),
  org_id: Id.optional(),
});
export type NewApiKey = z.infer<typeof NewApiKey>;

export const Member = z.object({
  user_id: z.string(),
  org_id: z.string(),
  email: z.string(),
  name: z.string(),
  role: z.enum(roles),
  status: z.enum(['active', 'pending']),
  created_at: z.string(),
});
export type Member = z.infer<typeof Member>;
export const MemberPage = page(Member);
/** The one answer that carries the token of the invitation. */
export const InvitedMember = Member.extend({ setup_token: z.string(), setup_expires_at: z.string() });

export const NewMember = z.strictObject({ email: Email, name: Text(200).optional(), role: z.enum(roles) });
export type NewMember = z.infer<typeof NewMember>;

/** How long each secret lasts, in seconds of the wall clock. */
export const lifetimes = {
  access_s: 15 * 60,
  refresh_s: 14 * 24 * 3600,
  session_s: 30 * 24 * 3600,
  setup_s: 7 * 24 * 3600,
} as const;
