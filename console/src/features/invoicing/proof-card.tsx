import { ShieldCheck } from 'lucide-react';
import type { CreditNote, Invoice } from '../../api/types.ts';
import { Hash } from '../../ui/hash.tsx';
import { Card, Facts } from '../../ui/page.tsx';

/** Where a document stands in the proof log, and how anyone checks it without this server. */
export function ProofCard({ receipt }: { receipt: Invoice['receipt'] | CreditNote['receipt'] }) {
  if (!receipt) {
    return (
      <Card title="Proof">
        <p className="text-ink-3">A receipt is written when the document is finalised.</p>
      </Card>
    );
  }
  return (
    <Card
      title={
        <span className="inline-flex items-center gap-1.5">
          <ShieldCheck size={14} className="text-accent" aria-hidden="true" /> Proof
        </span>
      }
    >
      <Facts
        facts={[
          ['Receipt', `No. ${receipt.seq} in the log`],
          ['Hash', <Hash key="hash" value={receipt.hash} label="Receipt hash" />],
        ]}
      />
      <p className="mt-3 text-xs text-ink-3">Anyone can check the bundle offline, with the public key alone:</p>
      <pre className="mt-1.5 rounded-md bg-canvas px-2.5 py-2 font-mono text-2xs leading-4 whitespace-pre-wrap text-ink-2">
        {'tallystick verify bundle.json \\\n  --jwks jwks.json'}
      </pre>
      <a href="/.well-known/jwks.json" className="mt-2 inline-block rounded-sm text-xs text-accent hover:underline">
        Public keys
      </a>
    </Card>
  );
}
