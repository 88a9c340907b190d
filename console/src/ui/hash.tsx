import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { announce, announceProblem } from './toast.tsx';

/** Puts text on the clipboard and says so. */
export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    announce(`${what} copied`);
  } catch (error) {
    announceProblem(error);
  }
}

/** A hash or an id: its ends are shown, all of it is copied. */
export function Hash({ value, label }: { value: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const short = value.length > 20 ? `${value.slice(0, 10)}…${value.slice(-6)}` : value;
  const copy = async () => {
    await copyText(value, label);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <button
      type="button"
      onClick={copy}
      title={value}
      aria-label={`${label} ${value}, copy`}
      className="inline-flex max-w-full items-center gap-1 rounded font-mono text-xs text-ink-2 hover:text-ink"
    >
      <span className="truncate">{short}</span>
      {copied ? <Check size={11} aria-hidden="true" /> : <Copy size={11} aria-hidden="true" className="text-ink-3" />}
    </button>
  );
}
