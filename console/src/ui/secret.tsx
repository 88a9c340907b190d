import { Copy } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { DialogActions } from './dialog.tsx';
import { copyText } from './hash.tsx';

interface SecretOnceProps {
  /** "Key", "Secret". */
  what: string;
  secret: string;
  onClose: () => void;
  children: ReactNode;
}

/** A secret in the only answer that carries it. */
export function SecretOnce({ what, secret, onClose, children }: SecretOnceProps) {
  return (
    <div role="status">
      <div>{children}</div>
      <code className="mt-3 block rounded-md border border-line bg-canvas px-3 py-2 font-mono text-xs break-all">{secret}</code>
      <DialogActions>
        <Button onClick={() => copyText(secret, what)}>
          <Copy size={13} aria-hidden="true" /> Copy
        </Button>
        <Button look="primary" onClick={onClose}>
          Done
        </Button>
      </DialogActions>
    </div>
  );
}
