import type { ReactNode } from 'react';
import { Logo } from '../../ui/logo.tsx';

/** The page before one is signed in: what this is on one side, the form on the other. */
export function SessionFrame({ title, lead, children }: { title: string; lead: ReactNode; children: ReactNode }) {
  return (
    <div className="grid min-h-dvh lg:grid-cols-[1fr_1.1fr]">
      <main className="flex flex-col justify-center px-6 py-12 sm:px-16">
        <div className="mx-auto w-full max-w-sm">
          <div className="mb-10 flex items-center gap-2.5 text-lg font-semibold tracking-tight">
            <Logo size={26} /> Tallystick
          </div>
          <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
          <div className="mt-1 mb-6 text-base text-ink-3">{lead}</div>
          {children}
        </div>
      </main>
      <aside
        aria-label="About Tallystick"
        className="hidden flex-col justify-center overflow-hidden border-l border-line bg-sunken lg:flex"
      >
        <Stick />
        <p className="mt-12 max-w-md px-16 text-lg text-balance text-ink-2">
          A tally stick was split in two, and both sides of a debt held half of it, so neither could change it alone.
        </p>
        <p className="mt-2 px-16 text-sm text-ink-3">Meters, prices, bills, settles and proves every cent.</p>
      </aside>
    </div>
  );
}

/** Notches as the Exchequer cut them, wide for many and narrow for few: distance along the stick and width. */
const notches: readonly (readonly [at: number, width: number])[] = [
  [70, 34],
  [118, 34],
  [178, 20],
  [206, 20],
  [234, 20],
  [280, 10],
  [296, 10],
  [312, 10],
  [328, 10],
  [360, 4],
  [370, 4],
  [380, 4],
  [390, 4],
  [400, 4],
];

function Stick() {
  const depth = (width: number) => 10 + width * 0.55;
  const upper = notches.map(([at, width]) => `L${at} 8 L${at + width / 2} ${8 + depth(width)} L${at + width} 8`).join(' ');
  const lower = notches.map(([at, width]) => `L${at} 112 L${at + width / 2} ${112 - depth(width)} L${at + width} 112`);
  return (
    <svg viewBox="0 0 640 150" aria-hidden="true" className="w-[118%] max-w-none pl-16">
      <path d={`M12 8 ${upper} L640 8 L640 56 L12 56 Q2 56 2 46 L2 18 Q2 8 12 8 Z`} className="fill-accent" />
      <g transform="translate(34 10)">
        <path
          d={`M12 64 L640 64 L640 112 ${lower.toReversed().map(reversed).join(' ')} L12 112 Q2 112 2 102 L2 74 Q2 64 12 64 Z`}
          className="fill-accent opacity-45"
        />
      </g>
    </svg>
  );
}

/** The same three points from the other end. */
function reversed(points: string): string {
  return points
    .split('L')
    .filter(Boolean)
    .toReversed()
    .map((point) => `L${point}`)
    .join(' ');
}
