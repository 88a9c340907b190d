const boundary = 'a-boundary-of-forms';
export const formType = `multipart/form-data; boundary=${boundary}`;

/** A multipart form with fields and one CSV file. */
export function form(fields: Record<string, string>, csv: string): string {
  const parts = Object.entries(fields).map(([name, value]) => `content-disposition: form-data; name="${name}"\r\n\r\n${value}`);
  parts.push(`content-disposition: form-data; name="file"; filename="usage.csv"\r\ncontent-type: text/csv\r\n\r\n${csv}`);
  return `${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('')}--${boundary}--\r\n`;
}
