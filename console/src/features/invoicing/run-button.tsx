import { RefreshCcwDot } from 'lucide-react';
import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { useMay } from '../session/may.ts';
import { RunDialog } from './run-dialog.tsx';

/** Opens the dialog that bills a period; absent for those who may not. */
export function RunButton() {
  const [open, setOpen] = useState(false);
  if (!useMay('billing:write')) return null;
  return (
    <>
      <Button look="primary" onClick={() => setOpen(true)}>
        <RefreshCcwDot size={14} aria-hidden="true" /> Run billing
      </Button>
      <RunDialog open={open} onClose={() => setOpen(false)} />
    </>
  );
}
