import { useNavigate } from '@tanstack/react-router';
import { Maximize2, ZoomIn, ZoomOut } from 'lucide-react';
import { type MouseEvent, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { CorrelatedEvent } from '../../api/types.ts';
import { IconButton } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { formatCount, formatLabel } from '../../ui/format.ts';
import { ScrollRegion } from '../../ui/scroll.tsx';
import { familyColors, familyOf } from './family.ts';
import { OriginBox } from './origin-box.tsx';
import { formatAfter } from './time.ts';
import { box, layoutTree, lineMiddle, type TreeEdge, type TreeLayout, type TreeNode } from './tree-layout.ts';

interface CausalTreeProps {
  /** All of one correlation, oldest first. */
  events: readonly CorrelatedEvent[];
  /** The one whose page this is. */
  event_id: string;
}

const least_scale = 0.25;
const largest_scale = 2;
const padding = 12;

/** What caused what, from left to right: a box for each event, its reactions in it, a line from each cause to its effects. */
export function CausalTree({ events, event_id }: CausalTreeProps) {
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const layout = useMemo(() => layoutTree(events, unfolded), [events, unfolded]);
  const colors = useMemo(() => familyColors(events.map((event) => event.type)), [events]);
  const { frame, scale, zoom, fit } = useZoom(layout, event_id);
  const began = events[0]?.created_at ?? '';
  return (
    <figure>
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 border-y border-line px-4 py-1.5">
        <figcaption className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-ink-2">
          {[...colors].map(([family, color]) => (
            <span key={family} className="flex items-center gap-1.5">
              <span aria-hidden="true" className="h-3 w-1 rounded-full" style={{ background: color }} />
              {family}
            </span>
          ))}
        </figcaption>
        <div className="flex items-center">
          <IconButton label="Smaller" disabled={scale <= least_scale} onClick={() => zoom(0.8)}>
            <ZoomOut size={14} aria-hidden="true" />
          </IconButton>
          <output aria-label="Size of the picture" className="tabular w-10 text-center text-2xs text-ink-3">
            {Math.round(scale * 100)} %
          </output>
          <IconButton label="Larger" disabled={scale >= largest_scale} onClick={() => zoom(1.25)}>
            <ZoomIn size={14} aria-hidden="true" />
          </IconButton>
          <IconButton label="Fit the width" onClick={fit}>
            <Maximize2 size={13} aria-hidden="true" />
          </IconButton>
        </div>
      </div>
      <ScrollRegion ref={frame} label="Causes and effects" className="max-h-[42rem] bg-canvas">
        {/* biome-ignore lint/a11y/noSvgWithoutTitle: the group around it has the name, and every box its own */}
        <svg
          width={(layout.width + 2 * padding) * scale}
          height={(layout.height + 2 * padding) * scale}
          viewBox={`${-padding} ${-padding} ${layout.width + 2 * padding} ${layout.height + 2 * padding}`}
          className="mx-auto block"
        >
          {layout.edges.map((edge) => (
            <path
              key={edge.key}
              d={curve(edge)}
              strokeDasharray={edge.is_cut ? '4 4' : undefined}
              className="fill-none stroke-line-strong stroke-[1.5]"
            />
          ))}
          <OriginBox events={events} middle={layout.origin_y} />
          {layout.nodes.map((node) =>
            node.events.length === 1 ? (
              <EventBox
                key={node.key}
                node={node}
                began={began}
                color={colors.get(familyOf(node.events[0]!.type))!}
                isCurrent={node.events[0]!.event_id === event_id}
              />
            ) : (
              <FoldedBox
                key={node.key}
                node={node}
                color={colors.get(familyOf(node.events[0]!.type))!}
                onUnfold={() => setUnfolded((before) => new Set([...before, node.key]))}
              />
            ),
          )}
        </svg>
      </ScrollRegion>
    </figure>
  );
}

/** The size of the picture. It begins as it fits, no smaller than can be read, with the event that it is about in sight. */
function useZoom(layout: TreeLayout<CorrelatedEvent>, event_id: string) {
  const frame = useRef<HTMLDivElement>(null);
  const [scale, setScale] = useState(1);
  const fitting = () => ((frame.current?.clientWidth ?? layout.width) - 1) / (layout.width + 2 * padding);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each event; what comes later must not move the picture
  useLayoutEffect(() => setScale(Math.min(1, Math.max(0.8, fitting()))), [event_id]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same, once the size is known
  useLayoutEffect(() => {
    const current = layout.nodes.find((node) => node.events.some((one) => one.event_id === event_id));
    const { current: seen } = frame;
    if (!current || !seen) return;
    seen.scrollLeft = (current.x + box.width / 2) * scale - seen.clientWidth / 2;
    seen.scrollTop = (current.y + current.height / 2) * scale - seen.clientHeight / 2;
  }, [event_id, scale]);
  return {
    frame,
    scale,
    zoom: (factor: number) => setScale((before) => clamped(before * factor)),
    fit: () => setScale(clamped(Math.min(1, fitting()))),
  };
}

const clamped = (scale: number): number => Math.min(largest_scale, Math.max(least_scale, scale));

function curve({ from_x, from_y, to_x, to_y }: TreeEdge): string {
  const bend = (to_x - from_x) / 2;
  return `M${from_x} ${from_y} C${from_x + bend} ${from_y} ${to_x - bend} ${to_y} ${to_x} ${to_y}`;
}

interface BoxProps {
  node: TreeNode<CorrelatedEvent>;
  color: string;
}

function EventBox({ node, color, began, isCurrent }: BoxProps & { began: string; isCurrent: boolean }) {
  const navigate = useNavigate();
  const event = node.events[0]!;
  const { event_id } = event;
  const open = (press: MouseEvent) => {
    if (press.metaKey || press.ctrlKey || press.shiftKey || press.button !== 0) return;
    press.preventDefault();
    navigate({ to: '/events/$event_id', params: { event_id } });
  };
  const after = formatAfter(began, event.created_at);
  const reactions = event.reactions.map((one) => one.reaction);
  const name = [event.type, event.status, after, ...reactions.map((one) => `reaction ${one}`)].filter(Boolean).join(', ');
  return (
    <a
      href={`/events/${event_id}`}
      onClick={open}
      aria-label={name}
      aria-current={isCurrent || undefined}
      className="group outline-none"
    >
      <title>{name}</title>
      <Frame node={node} color={color} isCurrent={isCurrent} />
      <Head node={node} title={event.type} status={event.status} aside={after} />
      {node.reactions.length > 0 ? (
        <line
          x1={node.x + 10}
          x2={node.x + box.width}
          y1={node.y + box.head - 2}
          y2={node.y + box.head - 2}
          className="stroke-line"
        />
      ) : null}
      {node.reactions.map((reaction, index) => (
        <text key={reaction} x={node.x + 16} y={node.y + lineMiddle(index) + 4} className="fill-ink-2 font-mono text-[10.5px]">
          <tspan className="fill-good">✓ </tspan>
          {shortened(reaction, 30)}
        </text>
      ))}
      {node.more_reactions > 0 ? (
        <text x={node.x + 16} y={node.y + lineMiddle(node.reactions.length) + 4} className="fill-ink-3 text-[10.5px]">
          and {formatCount(node.more_reactions)} more
        </text>
      ) : null}
    </a>
  );
}

function FoldedBox({ node, color, onUnfold }: BoxProps & { onUnfold: () => void }) {
  const { type, status } = node.events[0]!;
  const title = `${formatCount(node.events.length)} × ${type}`;
  return (
    // biome-ignore lint/a11y/useSemanticElements: there is no button in SVG
    <g
      role="button"
      tabIndex={0}
      aria-label={`${title}, ${status}: show each`}
      onClick={onUnfold}
      onKeyDown={(press) => {
        if (press.key !== 'Enter' && press.key !== ' ') return;
        press.preventDefault();
        onUnfold();
      }}
      className="group outline-none"
    >
      {[8, 4].map((behind) => (
        <rect
          key={behind}
          x={node.x + behind}
          y={node.y + behind}
          width={box.width - behind}
          height={node.height - 4}
          rx={7}
          className="fill-surface stroke-line-strong"
        />
      ))}
      <Frame node={node} color={color} isCurrent={false} />
      <Head node={node} title={title} status={status} aside="show each" />
    </g>
  );
}

function Frame({ node, color, isCurrent }: BoxProps & { isCurrent: boolean }) {
  const { x, y, height } = node;
  return (
    <>
      <rect
        x={x}
        y={y}
        width={box.width}
        height={height}
        rx={7}
        className={cx(
          'fill-surface group-hover:fill-raised group-focus-visible:stroke-accent group-focus-visible:stroke-[3]',
          isCurrent ? 'stroke-accent stroke-2' : 'stroke-line-strong group-hover:stroke-ink-3',
        )}
      />
      <path
        d={`M${x + 5.5} ${y + 9} V${y + height - 9}`}
        strokeLinecap="round"
        style={{ stroke: color }}
        className="stroke-[4]"
      />
    </>
  );
}

const statusClasses: Record<CorrelatedEvent['status'], string> = {
  pending: 'fill-ink-3',
  published: 'fill-accent',
  routed: 'fill-good',
  dead: 'fill-bad',
};
/** Each state has a mark of its own too, so that it is told by more than its colour. */
const statusMarks: Record<CorrelatedEvent['status'], string> = { pending: '○', published: '◐', routed: '●', dead: '✕' };

interface HeadProps {
  node: TreeNode<CorrelatedEvent>;
  title: string;
  status: CorrelatedEvent['status'];
  aside: string;
}

function Head({ node, title, status, aside }: HeadProps) {
  return (
    <>
      <text x={node.x + 16} y={node.y + 19} className="fill-ink text-[12.5px] font-semibold">
        {shortened(title, 31)}
      </text>
      <text x={node.x + 16} y={node.y + 35} className={cx('text-[11px] font-medium', statusClasses[status])}>
        {statusMarks[status]} {formatLabel(status)}
      </text>
      <text x={node.x + box.width - 10} y={node.y + 35} textAnchor="end" className="tabular fill-ink-3 text-[10.5px]">
        {aside}
      </text>
    </>
  );
}

const shortened = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
