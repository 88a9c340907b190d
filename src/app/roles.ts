import { UsageError } from './commands/command.ts';

/** What one process may do; without `--roles` it does all of it. */
export const roles = ['api', 'dispatcher', 'router', 'worker', 'scheduler', 'webhooks'] as const;
export type Role = (typeof roles)[number];

/** `api,worker` → roles. Throws a UsageError that names what is unknown or comes twice. */
export function parseRoles(text: string | undefined): readonly Role[] {
  if (text === undefined) return roles;
  const named = text.split(',').map((name) => {
    const role = roles.find((each) => each === name.trim());
    if (!role) throw new UsageError(`There is no role “${name.trim()}”; there are ${roles.join(', ')}.`);
    return role;
  });
  const twice = named.find((role, at) => named.indexOf(role) !== at);
  if (twice) throw new UsageError(`The role “${twice}” is named twice.`);
  return named;
}
