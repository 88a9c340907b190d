/**
 * The order of the house, as data: which floor stands on which, which room stands left of which, which files a room
 * has and who may look into them. `test/architecture.test.ts` holds every import of the project to this page.
 */

/** What stands beneath every room, and what each part of it may import besides itself. */
export const ground = {
  kernel: [],
  pricing: ['kernel'],
  // The messages of proto/, as protoc-gen-es writes them.
  proto: [],
  platform: ['kernel', 'proto'],
} as const satisfies Record<string, readonly string[]>;

/** From the lowest floor up; within a floor from left to right. A room imports lower floors and rooms to its left. */
export const floors = [
  {
    floor: 'foundation',
    rooms: ['audit', 'events', 'tenancy', 'identity', 'receipts', 'providers', 'approvals', 'claims'],
  },
  { floor: 'offer', rooms: ['catalog', 'coupons'] },
  { floor: 'usage', rooms: ['metering', 'meters'] },
  {
    floor: 'billing',
    rooms: ['ledger', 'partners', 'subscriptions', 'rating', 'budgets', 'actions', 'invoicing', 'payments'],
  },
  { floor: 'value', rooms: ['integrations', 'outcomes', 'onboarding'] },
  { floor: 'desk', rooms: ['notifications', 'support', 'webhooks', 'reconciliation', 'insights'] },
] as const;

/**
 * Folders beside the rooms, and what each may import besides itself. `house` is the ground and every room; `app` is the
 * only part of the program that has it.
 */
export const outside = {
  'src/app': ['house', 'sdk', 'migrations'],
  'src/main.ts': ['src/app', 'kernel', 'platform', 'sdk'],
  sdk: ['kernel', 'pricing'],
  // Published by itself and run in browsers: it stands on nothing of the project.
  'sdk/client': [],
  migrations: [],
  console: [],
  bench: ['house', 'src/app', 'src/main.ts', 'sdk', 'migrations', 'test'],
  scripts: ['src/app', 'platform', 'test'],
  test: ['house', 'src/app', 'src/main.ts', 'sdk', 'sdk/client', 'migrations', 'bench', 'console', 'scripts'],
} as const satisfies Record<string, readonly string[]>;

/**
 * The files of a room. Each is `name.ts` or, past 400 lines, the folder `name/` with one use case per file.
 * `pure` files compute and never reach for I/O. `seen` says who may import the file beside the room itself:
 * `upper` rooms (and app), only `app`, or nobody (`own`).
 */
export const roomFiles = {
  model: { pure: true, seen: 'upper' },
  decide: { pure: true, seen: 'own' },
  service: { pure: false, seen: 'upper' },
  sql: { pure: false, seen: 'own' },
  routes: { pure: false, seen: 'app' },
  events: { pure: true, seen: 'upper' },
  reactions: { pure: false, seen: 'app' },
  jobs: { pure: false, seen: 'app' },
  errors: { pure: true, seen: 'upper' },
  adapters: { pure: false, seen: 'app' },
} as const satisfies Record<string, { pure: boolean; seen: 'upper' | 'own' | 'app' }>;

/** Platform files that only describe: pure room files may import these and nothing else of the platform. */
export const purePlatform: readonly string[] = ['src/platform/schemas.ts'];

/** Packages that do I/O; kernel, pricing and the pure files of rooms import none of them. */
export const ioPackages: readonly string[] = [
  'fastify',
  'graphile-worker',
  'kysely',
  'node:child_process',
  'node:dgram',
  'node:dns',
  'node:fs',
  'node:fs/promises',
  'node:http',
  'node:https',
  'node:net',
  'node:tls',
  'pg',
  'pino',
];
