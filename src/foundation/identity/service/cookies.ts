/**
 * `__Host-` binds a cookie to this host, to https and to the path `/`; the refresh token's path is narrower, so it can only have
 * `__Secure-` (RFC 6265bis §4.1.3). Plain http, as on a developer's machine, allows neither.
 */
export function cookieNames(secure: boolean): { access: string; refresh: string } {
  return secure
    ? { access: '__Host-tallystick_session', refresh: '__Secure-tallystick_refresh' }
    : { access: 'tallystick_session', refresh: 'tallystick_refresh' };
}

/** The one path that the refresh token is sent to. */
export const refresh_path = '/v1/session:refresh';
