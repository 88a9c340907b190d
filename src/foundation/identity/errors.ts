import { defineErrors } from '../../kernel/errors.ts';

export const errors = defineErrors({
  unauthenticated: { status: 401, title: 'Credentials are missing, unknown or no longer valid' },
  csrf_token_invalid: { status: 403, title: 'The CSRF token is missing or wrong' },
  cross_site_refused: { status: 403, title: 'The request comes from another site' },
  sign_in_refused: { status: 401, title: 'The address or the password is wrong' },
  sign_in_throttled: { status: 429, title: 'Too many sign-ins failed' },
  tenant_needed: { status: 409, title: 'Say which tenant to sign in to' },
  setup_token_invalid: { status: 403, title: 'The link is unknown, used or out of time' },
  setup_details_missing: { status: 422, title: 'The first administrator gives a name and an address' },
  scope_unknown: { status: 422, title: 'Unknown scope' },
  scope_not_held: { status: 403, title: 'A key can only be given scopes that its maker has' },
  scope_not_boundable: { status: 422, title: 'A key of one organization cannot be given this scope' },
  key_expires_in_past: { status: 422, title: 'The key would be out of time already' },
  api_key_not_found: { status: 404, title: 'Unknown API key' },
  member_not_found: { status: 404, title: 'Unknown member' },
  member_exists: { status: 409, title: 'The user is a member already' },
  last_admin: { status: 409, title: "The tenant's own organization keeps an active administrator" },
  role_not_held: { status: 403, title: 'A role can only be given by those who hold its scopes' },
});

/** What the database says by the name of a constraint, as this room's errors. */
export const constraints = {
  user_account_email: errors.member_exists,
};
