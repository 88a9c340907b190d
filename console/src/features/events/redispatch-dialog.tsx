import { useQueryClient } from '@tanstack/react-query';
import { redispatchEvent } from '../../api/events.ts';
import type { EventDetail } from '../../api/types.ts';
import { ConfirmDialog } from '../../ui/confirm.tsx';
import { announce } from '../../ui/toast.tsx';

export const about_redispatch =
  'It goes through its reactions once more. What had its effect has no second one; what failed, or is new, has it now.';

/** Sends one event through the router again, after asking. */
export function RedispatchDialog({ event, open, onClose }: { event: EventDetail; open: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      title="Send the event again"
      description={about_redispatch}
      action="Send it again"
      run={() => redispatchEvent(event.event_id)}
      onDone={({ redispatched }) => {
        announce(
          redispatched === 1 ? 'The event was sent again' : 'The event was not sent again',
          redispatched === 1 ? undefined : 'It is still on its way.',
        );
        void queries.invalidateQueries({ queryKey: ['events'] });
      }}
    />
  );
}
