import type { Command } from './command.ts';
import { controlReplayJob, replayEvents } from './replay-events.ts';
import { replayUsage } from './replay-usage.ts';
import { replayVerify } from './replay-verify.ts';

const controls = ['show', 'pause', 'resume', 'cancel'] as const;

/** Three things are replayed: what was billed (worked out again), stored events (sent again), and usage (brought back in). */
export const replayCommand: Command = {
  help: `tallystick replay --verify [--from DATE] [--to DATE] [--org SLUG] [--tenant SLUG] [--json]
tallystick replay events [--from TIME] [--to TIME] [--type TYPE]… [--aggregate-type TYPE] [--aggregate ID] [--org SLUG] [--correlation ID]
                         [--id ID]… [--dead] [--rate N] [--reason TEXT] [--dry-run] [--tenant SLUG] [--json]
tallystick replay show|pause|resume|cancel REPLAY_ID [--tenant SLUG] [--json]
tallystick replay [usage] FILE [--tenant SLUG] [--json]

--verify works every closed period out again from the stored usage and inputs (charges, ledger lines, postings, invoices, credit notes) and
compares it with what was issued. It prints “0 differences”, or each line that differs with its fields, and exits 0 or 1.

events sends stored events through the reactions again, at most --rate a second (1000). What had its effect does nothing; webhooks are not sent
anew. --dry-run says what would happen. A replay that was broken off goes on by the queue.

A file (NDJSON or CSV of any size) brings usage events back through ingest; what is stored already stays as it is. Exits 0 when every row
was taken or known. A file that is called like a word above is named by its path: ./events.`,
  run(argv) {
    const [first = '', ...rest] = argv;
    if (argv.includes('--verify')) return replayVerify(argv.filter((word) => word !== '--verify'));
    if (first === 'events') return replayEvents(rest);
    if (first === 'usage') return replayUsage(rest);
    const control = controls.find((each) => each === first);
    return control ? controlReplayJob(control, rest) : replayUsage(argv);
  },
};
