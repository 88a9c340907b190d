import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { create } from 'zustand';
import type { Destination } from './navigation.ts';

interface OverlayState {
  open: 'palette' | 'shortcuts' | 'menu' | null;
  show: (open: OverlayState['open']) => void;
}

/** Which of the overlays that belong to no page is open. */
export const useOverlay = create<OverlayState>()((set) => ({ open: null, show: (open) => set({ open }) }));

/** `g` then a letter goes somewhere, ⌘K or Ctrl K opens the palette, `?` lists the shortcuts. Nothing happens while typing. */
export function useShortcuts(destinations: readonly Destination[]): void {
  const navigate = useNavigate();
  const show = useOverlay((state) => state.show);
  useEffect(() => {
    let armed_at = Number.NEGATIVE_INFINITY;
    const pressed = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        show('palette');
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      if (event.key === '?') return show('shortcuts');
      if (event.key === 'g') {
        armed_at = event.timeStamp;
        return;
      }
      const there = event.timeStamp - armed_at < 1500 ? destinations.find((one) => one.key === event.key) : undefined;
      armed_at = Number.NEGATIVE_INFINITY;
      if (there) navigate({ to: there.to });
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [navigate, show, destinations]);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest('input, textarea, select, [contenteditable="true"], [role="dialog"], [role="listbox"]') !== null
  );
}
