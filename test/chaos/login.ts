import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who the program signs in as, on the embedded database of a data folder. */
export async function loginOf(data_dir: string): Promise<{ user: string; password: string }> {
  const { login_password } = JSON.parse(readFileSync(join(data_dir, 'postgres.secret.json'), 'utf8')) as {
    login_password: string;
  };
  return { user: 'tally_login', password: login_password };
}
