import type { FieldValues, Path, UseFormSetError } from 'react-hook-form';
import { problemOf } from '../api/problem.ts';

/**
 * Puts what the server said about a field beside the field. True when everything it said found its place, so that
 * nothing needs to be shown above the form.
 */
export function placeErrors<T extends FieldValues>(
  error: unknown,
  fields: readonly Path<T>[],
  setError: UseFormSetError<T>,
): boolean {
  const items = problemOf(error).errors ?? [];
  const placed = items.filter((item) => {
    const name = item.pointer?.split('/')[1];
    const field = fields.find((one) => one === name);
    if (!field) return false;
    setError(field, { message: item.detail ?? item.code ?? 'The server refused this.' });
    return true;
  });
  return placed.length > 0 && placed.length === items.length;
}
