import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { api_types_path, apiTypes } from '../../scripts/api-types.ts';

it('the console knows the API as it is; after a change of routes run scripts/api-types.ts', async () => {
  expect(readFileSync(api_types_path, 'utf8')).toBe(await apiTypes());
});
