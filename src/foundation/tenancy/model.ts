import { z } from 'zod';
import { Currency, Id, page, Text, TimeZone } from '../../platform/schemas.ts';

/** Lower-case letters, digits and inner hyphens, as in a DNS label. */
export const Slug = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be 1 to 63 lower-case letters, digits and inner hyphens');

/** An address that mail could be sent to (the HTML standard's form), at most 254 characters. */
export const Email = z.email().max(254);

/** Case as the runtime's database has it: `europe/berlin` comes out as `Europe/Berlin`. */
export const Zone = TimeZone.transform((name) => Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId);

export const visibilities = ['private', 'partners', 'public'] as const;

export const Organization = z.object({
  org_id: z.string(),
  legal_name: z.string(),
  org_slug: z.string(),
  billing_email: z.string(),
  default_timezone: z.string().meta({ description: 'IANA name' }),
  currency: z.string().nullable().meta({ description: 'ISO 4217' }),
  parent_org_id: z.string().nullable(),
  partner_tier: z.string().nullable(),
  tax_id: z.string().nullable(),
  visibility: z.enum(visibilities),
  is_own: z.boolean().meta({ description: "true for the tenant's own organization" }),
  created_at: z.string(),
});
export type Organization = z.infer<typeof Organization>;
export const OrganizationPage = page(Organization);

export const NewOrganization = z.strictObject({
  legal_name: Text(200),
  org_slug: Slug,
  billing_email: Email,
  default_timezone: Zone,
  currency: Currency.optional(),
  parent_org_id: Id.optional(),
  partner_tier: Text(50).optional(),
  tax_id: Text(50).optional(),
  visibility: z.enum(visibilities).optional(),
});
export type NewOrganization = z.infer<typeof NewOrganization>;

/** A child to make, or the `org_id` of one to link: one or the other, each fault named where it is. */
export const NewChild = NewOrganization.omit({ parent_org_id: true })
  .partial()
  .extend({ org_id: Id.optional() })
  .superRefine((body, context) => {
    const fault = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
    if (body.org_id === undefined) {
      for (const field of needed) if (body[field] === undefined) fault(field, 'is needed to make an organization');
    } else {
      for (const field of Object.keys(body)) if (field !== 'org_id') fault(field, 'has no place beside org_id');
    }
  });
const needed = ['legal_name', 'org_slug', 'billing_email', 'default_timezone'] as const;

/** The fields of an organization that may change; null takes an optional one away. */
export const OrganizationChanges = z
  .strictObject({
    legal_name: Text(200),
    billing_email: Email,
    default_timezone: Zone,
    currency: Currency.nullable(),
    parent_org_id: Id.nullable(),
    partner_tier: Text(50).nullable(),
    tax_id: Text(50).nullable(),
    visibility: z.enum(visibilities),
  })
  .partial();
export type OrganizationChanges = z.infer<typeof OrganizationChanges>;

export const Project = z.object({ project_id: z.string(), org_id: z.string(), name: z.string(), created_at: z.string() });
export type Project = z.infer<typeof Project>;
export const ProjectPage = page(Project);

export const NewProject = z.strictObject({ org_id: Id, name: Text(200) });
export type NewProject = z.infer<typeof NewProject>;

export interface Tenant {
  tenant_id: string;
  name: string;
  slug: string;
  mode: 'live' | 'test';
  /** RFC 3339; null while the tenant follows the wall clock. */
  test_clock_at: string | null;
  rounding_mode: 'half_up' | 'half_even';
  created_at: string;
}

/** The tenant's time: its test clock once that is set, else the wall clock's. */
export function tenantNow(tenant: Pick<Tenant, 'test_clock_at'>, wall: Temporal.Instant): Temporal.Instant {
  return tenant.test_clock_at === null ? wall : Temporal.Instant.from(tenant.test_clock_at);
}

export const TestClock = z.object({
  now: z.string().meta({ description: "RFC 3339: the tenant's present" }),
  mode: z.enum(['live', 'test']),
  test_clock_at: z.string().nullable().meta({ description: 'null while the tenant follows the wall clock' }),
});
