import { useEffect, useEffectEvent, useRef, useState } from 'react';
import type { Problem } from '../../api/problem.ts';
import { followEvents, type TailState } from '../../api/stream.ts';
import type { EventEntry } from '../../api/types.ts';

/** So many are kept on the page, and as many while it is paused; older ones are in the list below. */
export const most_kept = 200;

export interface Tail {
  state: TailState;
  refused: Problem | null;
  /** Newest first. */
  events: readonly EventEntry[];
  paused: boolean;
  /** How many came while it is paused, up to `most_kept`. */
  held: number;
  pause: () => void;
  resume: () => void;
}

interface TailOptions {
  on: boolean;
  type: string | undefined;
  /** Which of those that come are wanted. */
  wanted: (event: EventEntry) => boolean;
  /** When a connection is there: what happened before it is in no stream. */
  onConnected: () => void;
}

/** Events as they are published, while `on`. */
export function useTail({ on, type, wanted, onConnected }: TailOptions): Tail {
  const [state, setState] = useState<TailState>('connecting');
  const [refused, setRefused] = useState<Problem | null>(null);
  const [events, setEvents] = useState<readonly EventEntry[]>([]);
  const [held, setHeld] = useState<readonly EventEntry[]>([]);
  const [paused, setPaused] = useState(false);
  const is_paused = useRef(false);
  const take = useEffectEvent((came: EventEntry[]) => {
    const found = came.filter(wanted).toReversed();
    if (found.length === 0) return;
    const keep = is_paused.current ? setHeld : setEvents;
    keep((before) => [...found, ...before].slice(0, most_kept));
  });
  const heard = useEffectEvent((next: TailState) => {
    setState(next);
    if (next === 'connected') onConnected();
  });
  useEffect(() => {
    if (!on) return;
    const ending = new AbortController();
    void followEvents({
      type,
      signal: ending.signal,
      onEvents: (came) => ending.signal.aborted || take(came),
      onState: (next) => ending.signal.aborted || heard(next),
      onRefused: setRefused,
    });
    return () => {
      ending.abort();
      setEvents([]);
      setHeld([]);
      setRefused(null);
    };
  }, [on, type]);
  const pause = (next: boolean) => {
    is_paused.current = next;
    setPaused(next);
  };
  return {
    state,
    refused,
    events,
    paused,
    held: held.length,
    pause: () => pause(true),
    resume: () => {
      pause(false);
      setEvents((before) => [...held, ...before].slice(0, most_kept));
      setHeld([]);
    },
  };
}
