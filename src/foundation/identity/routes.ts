import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Server, toFastifyUrl } from '../../platform/http.ts';
import { Id, PageQuery, Problem } from '../../platform/schemas.ts';
import { requireVisible } from '../tenancy/service.ts';
import { isCrossSite } from './decide.ts';
import { errors } from './errors.ts';
import {
  ApiKeyPage,
  InvitedMember,
  lifetimes,
  MadeApiKey,
  Member,
  MemberPage,
  NewApiKey,
  NewMember,
  roles,
  Session,
  Setup,
  SignIn,
} from './model.ts';
import { type Authenticator, type IdentityDeps, unauthenticated } from './service/authenticate.ts';
import { cookieNames, refresh_path } from './service/cookies.ts';
import { createKey, listKeys, revokeKey } from './service/keys.ts';
import { changeMember, inviteMember, listMembers, removeMember } from './service/members.ts';
import { setUp } from './service/setup.ts';
import { type Caller, type OpenedSession, refresh, signIn, signOut } from './service/sign-in.ts';

type Deps = IdentityDeps & { authenticator: Authenticator };

export function routes(server: Server, deps: Deps): void {
  sessions(server, deps);
  keys(server, deps);
  members(server, deps);
}

/** Sessions stand outside the common path: most come before anybody is known, and their answers must never be stored. */
function sessions(server: Server, deps: Deps): void {
  const schema = (summary: string, status: number, body?: z.ZodType) => ({
    summary,
    tags: ['Session'],
    querystring: z.strictObject({}),
    ...(body ? { body } : {}),
    response: { [status]: status === 204 ? z.null() : Session, '4xx': Problem, '5xx': Problem },
  });
  const sameSite = async (request: FastifyRequest) => {
    const site = request.headers['sec-fetch-site'];
    if (isCrossSite(Array.isArray(site) ? site[0] : site)) throw errors.cross_site_refused();
  };
  const { raw } = server;
  raw.post('/v1/session', {
    schema: schema('Sign in with a password; the session comes as cookies', 201, SignIn),
    onRequest: sameSite,
    handler: async (request, reply) => opened(reply, deps, await signIn(deps, request.body as SignIn, callerOf(request))),
  });
  raw.post(toFastifyUrl('/v1/session:setup'), {
    schema: schema('Sign in the first time, with the token of a set-up or an invitation', 201, Setup),
    onRequest: sameSite,
    handler: async (request, reply) => opened(reply, deps, await setUp(deps, request.body as Setup, callerOf(request))),
  });
  raw.post(toFastifyUrl(refresh_path), {
    schema: schema('Trade the refresh token for a new one; a token used twice ends the session', 201),
    onRequest: sameSite,
    handler: async (request, reply) => {
      const token = request.cookies[cookieNames(deps.secure_cookies).refresh];
      if (token === undefined) throw unauthenticated('There is no refresh token.');
      return opened(reply, deps, await refresh(deps, token, callerOf(request)));
    },
  });
  raw.get('/v1/session', {
    schema: schema('Who is signed in', 200),
    handler: async (request, reply) =>
      reply.header('cache-control', 'no-store').send((await deps.authenticator.currentSession(request)).view),
  });
  raw.delete('/v1/session', {
    schema: schema('Sign out', 204),
    handler: async (request, reply) => {
      const session = await deps.authenticator.currentSession(request, { even_expired: true });
      const { tenant_id, now, actor } = session.principal;
      await deps.postgres.transact({ tenant_id, now, actor, request_id: request.id }, (tx) =>
        signOut(tx, session, deps.clock.now()),
      );
      await deps.authenticator.forgetSession(request);
      return cleared(reply, deps).status(204).send(null);
    },
  });
}

function callerOf(request: FastifyRequest): Caller {
  return { remote_address: request.ip, user_agent: request.headers['user-agent'] ?? null, request_id: request.id };
}

function opened(reply: FastifyReply, { secure_cookies: secure }: Deps, session: OpenedSession): FastifyReply {
  const names = cookieNames(secure);
  return reply
    .setCookie(names.access, session.access_token, {
      httpOnly: true,
      secure,
      sameSite: 'lax',
      path: '/',
      maxAge: lifetimes.access_s,
    })
    .setCookie(names.refresh, session.refresh_token, {
      httpOnly: true,
      secure,
      sameSite: 'strict',
      path: refresh_path,
      maxAge: lifetimes.refresh_s,
    })
    .header('cache-control', 'no-store')
    .status(201)
    .send(session.view);
}

function cleared(reply: FastifyReply, { secure_cookies: secure }: Deps): FastifyReply {
  const names = cookieNames(secure);
  return reply
    .clearCookie(names.access, { httpOnly: true, secure, sameSite: 'lax', path: '/' })
    .clearCookie(names.refresh, { httpOnly: true, secure, sameSite: 'strict', path: refresh_path });
}

function keys(server: Server, { clock, authenticator }: Deps): void {
  const tags = ['API keys'];
  server.query({
    method: 'GET',
    url: '/v1/api-keys',
    scope: 'keys:read',
    summary: 'API keys, newest first, those that ended too',
    tags,
    querystring: z.strictObject({ ...PageQuery }),
    response: { 200: ApiKeyPage },
    handle: async (db, { query, principal }) => ({
      status: 200,
      body: await listKeys(db, { ...query, org_ids: principal.org_ids }),
    }),
  });
  server.command({
    method: 'POST',
    url: '/v1/api-keys',
    scope: 'keys:write',
    summary: 'Make an API key with scopes that its maker has; the answer holds it, this once',
    tags,
    body: NewApiKey,
    response: { 201: MadeApiKey },
    secret_answer: true,
    handle: async (tx, { body, principal }) => ({ status: 201, body: await createKey(tx, body, principal, clock.now()) }),
  });
  server.command({
    method: 'DELETE',
    url: '/v1/api-keys/{id}',
    scope: 'keys:write',
    summary: 'Revoke an API key for ever',
    tags,
    params: z.object({ id: Id }),
    response: { 204: z.null() },
    handle: async (tx, { params: { id }, principal }) => {
      await revokeKey(tx, id, principal, clock.now());
      tx.afterCommit(() => authenticator.forgetKey(id));
      return { status: 204, body: null };
    },
  });
}

function members(server: Server, { clock }: Deps): void {
  const tags = ['Members'];
  server.query({
    method: 'GET',
    url: '/v1/orgs/{id}/members',
    scope: 'members:read',
    summary: 'The members of an organization',
    tags,
    params: z.object({ id: Id }),
    querystring: z.strictObject({ ...PageQuery }),
    response: { 200: MemberPage },
    handle: async (db, { params: { id }, query, principal }) => {
      requireVisible(principal.org_ids, id);
      return { status: 200, body: await listMembers(db, { ...query, org_id: id }) };
    },
  });
  server.command({
    method: 'POST',
    url: '/v1/orgs/{id}/members',
    scope: 'members:write',
    summary: 'Invite a user; the answer holds the token of the invitation, this once',
    tags,
    params: z.object({ id: Id }),
    body: NewMember,
    response: { 201: InvitedMember },
    secret_answer: true,
    handle: async (tx, { params: { id }, body, principal }) => {
      requireVisible(principal.org_ids, id);
      return { status: 201, body: await inviteMember(tx, body, { org_id: id, held: principal.scopes, wall: clock.now() }) };
    },
  });
  server.command({
    method: 'PATCH',
    url: '/v1/orgs/{id}/members/{user_id}',
    scope: 'members:write',
    summary: "Change a member's role",
    tags,
    params: z.object({ id: Id, user_id: Id }),
    body: z.strictObject({ role: z.enum(roles) }),
    response: { 200: Member },
    handle: async (tx, { params: { id, user_id }, body, principal }) => {
      requireVisible(principal.org_ids, id);
      return {
        status: 200,
        body: await changeMember(tx, user_id, body.role, { org_id: id, held: principal.scopes, wall: clock.now() }),
      };
    },
  });
  server.command({
    method: 'DELETE',
    url: '/v1/orgs/{id}/members/{user_id}',
    scope: 'members:write',
    summary: 'End a membership, with its sessions and invitations',
    tags,
    params: z.object({ id: Id, user_id: Id }),
    response: { 204: z.null() },
    handle: async (tx, { params: { id, user_id }, principal }) => {
      requireVisible(principal.org_ids, id);
      await removeMember(tx, user_id, { org_id: id, held: principal.scopes, wall: clock.now() });
      return { status: 204, body: null };
    },
  });
}
