import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { api_types_path, apiTypes, client_types_path } from '../../scripts/api-types.ts';

it('the console and the client know the API as it is; after a change of routes run scripts/api-types.ts', async () => {
  const texts = await apiTypes();
  expect(readFileSync(api_types_path, 'utf8')).toBe(texts.console);
  expect(readFileSync(client_types_path, 'utf8')).toBe(texts.client);
});
