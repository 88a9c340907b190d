import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { FileText, FileUp, X } from 'lucide-react';
import { type DragEvent, useRef, useState } from 'react';
import { skus } from '../../api/catalog.ts';
import { csvMappings, type NewImport, startImport } from '../../api/metering.ts';
import type { ImportJob } from '../../api/types.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { formatBytes } from '../../ui/format.ts';
import { Card } from '../../ui/page.tsx';
import { ProgressBar } from '../../ui/progress.tsx';
import { Select } from '../../ui/select.tsx';
import { ProblemBox } from '../../ui/state.tsx';
import { Toggle } from '../../ui/toggle.tsx';
import { OrgPicker } from '../tenancy/org-picker.tsx';

const formats = [
  { value: 'auto', label: 'Detect the format' },
  { value: 'csv', label: 'CSV' },
  { value: 'nem12', label: 'NEM12' },
  { value: 'nem13', label: 'NEM13' },
  { value: 'greenbutton', label: 'Green Button' },
  { value: 'mscons', label: 'MSCONS' },
] as const;

export function ImportForm({ onStarted }: { onStarted: (job: ImportJob) => void }) {
  const queries = useQueryClient();
  const known = useQuery(skus).data?.data.filter((one) => one.type === 'energy') ?? [];
  const [file, setFile] = useState<File | null>(null);
  const [org, setOrg] = useState('');
  const [format, setFormat] = useState<NewImport['format']>('auto');
  const mappings = useQuery(csvMappings).data?.data ?? [];
  const [mapping, setMapping] = useState('');
  const [keep_good, setKeepGood] = useState(false);
  const [sku, setSku] = useState('');
  const [create_missing, setCreateMissing] = useState(true);
  const [sent, setSent] = useState({ done: 0, total: 0 });
  const [missing, setMissing] = useState<{ file?: string; org?: string }>({});
  const start = useMutation({
    mutationFn: (input: NewImport) => startImport(input, (done, total) => setSent({ done, total })),
    onSuccess: (job) => {
      setFile(null);
      queries.invalidateQueries({ queryKey: ['imports'] });
      onStarted(job);
    },
  });
  const sku_choices = [{ value: '', label: 'The default, energy' }, ...known.map((one) => ({ value: one.sku, label: one.sku }))];
  const submit = () => {
    setMissing({ file: file ? undefined : 'Choose a file.', org: org ? undefined : 'Choose whose usage it is.' });
    if (!file || !org) return;
    setSent({ done: 0, total: file.size });
    start.mutate({ file, org, format, on_error: keep_good ? 'keep_good' : 'reject', sku, mapping, create_missing });
  };
  const take = (next: File | null) => {
    setFile(next);
    setMissing({});
    start.reset();
  };
  return (
    <Card>
      <form
        aria-label="Import a file"
        noValidate
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <DropZone file={file} onFile={take} error={missing.file} />
        <div className="grid gap-3 sm:grid-cols-[1.4fr_1fr_1.2fr]">
          <OrgPicker label="Organization" placeholder="Whose usage it is" value={org} error={missing.org} onChange={setOrg} />
          <Select label="Format" value={format} choices={formats} onChange={setFormat} />
          <Select label="New meters count as" value={sku} choices={sku_choices} onChange={setSku} />
        </div>
        {mappings.length > 0 && (format === 'auto' || format === 'csv') ? (
          <Select
            label="Columns of a CSV file"
            value={mapping}
            choices={[
              { value: '', label: 'As the header says: request_id, sku, quantity, time' },
              ...mappings.map((one) => ({ value: one.name, label: `By the saved mapping ${one.name}` })),
            ]}
            onChange={setMapping}
          />
        ) : null}
        <Toggle
          label="Keep good rows"
          hint="Off: one bad row refuses the whole file. On: bad rows are named, the others count."
          on={keep_good}
          onChange={setKeepGood}
        />
        <Toggle
          label="Make what is missing"
          hint="Sites, meters and energy SKUs that a meter file names and nobody has made yet."
          on={create_missing}
          onChange={setCreateMissing}
        />
        {start.isPending ? <ProgressBar label="Sending the file" done={sent.done} total={sent.total} /> : null}
        {start.error ? <ProblemBox error={start.error} /> : null}
        <div>
          <Button type="submit" look="primary" busy={start.isPending}>
            Import
          </Button>
        </div>
      </form>
    </Card>
  );
}

function DropZone({
  file,
  onFile,
  error,
}: {
  file: File | null;
  onFile: (file: File | null) => void;
  error: string | undefined;
}) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const dropped = event.dataTransfer.files[0];
    if (dropped) onFile(dropped);
  };
  return (
    <div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is a pointer's way; the button inside is everyone's */}
      <div
        data-testid="drop-zone"
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
        className={cx(
          'flex min-h-40 flex-col items-center justify-center gap-1 rounded-lg border border-dashed px-4 py-6 text-center transition-colors',
          over ? 'border-accent bg-accent-soft' : error ? 'border-bad' : 'border-line-strong bg-canvas',
        )}
      >
        {file ? (
          <div className="flex max-w-full items-center gap-3 rounded-lg border border-line bg-surface py-2 pr-2 pl-3 text-left shadow-card">
            <FileText size={20} strokeWidth={1.5} className="shrink-0 text-accent" aria-hidden="true" />
            <span className="min-w-0">
              <span className="block truncate font-medium">{file.name}</span>
              <span className="tabular block text-xs text-ink-3">{formatBytes(file.size)}</span>
            </span>
            <IconButton label={`Remove ${file.name}`} onClick={() => onFile(null)}>
              <X size={14} aria-hidden="true" />
            </IconButton>
          </div>
        ) : (
          <>
            <FileUp size={24} strokeWidth={1.5} className="mb-2 text-ink-3" aria-hidden="true" />
            <p className="font-medium">{over ? 'Let go to take this file' : 'Drop a file here'}</p>
            <p className="text-ink-3">
              or{' '}
              <button
                type="button"
                className="rounded-sm text-accent underline underline-offset-2 hover:text-accent-hover"
                onClick={() => input.current?.click()}
              >
                choose one
              </button>
              , up to 512 MB
            </p>
          </>
        )}
        <input
          ref={input}
          type="file"
          aria-label="File to import"
          accept=".csv,.txt,.nem12,.nem13,.dat,.xml,.edi,text/csv,text/plain,text/xml,application/xml"
          className="sr-only"
          tabIndex={-1}
          onChange={(event) => {
            onFile(event.target.files?.[0] ?? null);
            event.target.value = '';
          }}
        />
      </div>
      {error ? (
        <p role="alert" className="mt-1 text-xs text-bad">
          {error}
        </p>
      ) : null}
    </div>
  );
}
