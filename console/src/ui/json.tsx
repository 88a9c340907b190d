import { Copy } from 'lucide-react';
import { IconButton } from './button.tsx';
import { cx } from './cx.ts';
import { copyText } from './hash.tsx';
import { ScrollRegion } from './scroll.tsx';

/** Text as a machine reads it, scrolled where it is long, and copied whole. */
export function CodeBlock({ label, text, className }: { label: string; text: string; className?: string }) {
  return (
    <div className={cx('relative min-w-0', className)}>
      <ScrollRegion label={label} className="max-h-96 rounded-lg border border-line bg-canvas">
        <pre className="py-2.5 pr-10 pl-3 font-mono text-xs leading-5">{text}</pre>
      </ScrollRegion>
      <IconButton
        label={`Copy ${label.toLowerCase()}`}
        onClick={() => copyText(text, label)}
        className="absolute top-1.5 right-1.5 bg-canvas"
      >
        <Copy size={13} aria-hidden="true" />
      </IconButton>
    </div>
  );
}

/** JSON, indented. */
export function JsonBlock({ label, value, className }: { label: string; value: unknown; className?: string }) {
  return <CodeBlock label={label} text={JSON.stringify(value, null, 2)} className={className} />;
}

/** What is JSON, indented; anything else as it is. */
export function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
