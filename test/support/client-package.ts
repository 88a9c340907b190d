import { execFile } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './sources.ts';

/** Builds `@tallystick/client` into the node_modules of a folder, as its `npm run build` does; answers where the modules are. */
export async function installClient(folder: string): Promise<string> {
  const package_dir = join(folder, 'node_modules/@tallystick/client');
  const dist = join(package_dir, 'dist');
  mkdirSync(dist, { recursive: true });
  cpSync(join(root, 'sdk/client/package.json'), join(package_dir, 'package.json'));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [tsc, '-p', join(root, 'sdk/client'), '--outDir', dist]);
  return dist;
}
