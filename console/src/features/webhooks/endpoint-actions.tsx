import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Send } from 'lucide-react';
import { useState } from 'react';
import type { Webhook } from '../../api/types.ts';
import { deleteWebhook, disableWebhook, enableWebhook, rotateWebhookSecret, testWebhook } from '../../api/webhooks.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/confirm.tsx';
import { RotateSecretDialog } from '../../ui/rotate-secret.tsx';
import { announce, announceProblem } from '../../ui/toast.tsx';
import { useMay } from '../session/may.ts';
import { ReplayDialog } from './replay-dialog.tsx';
import { EditWebhookDialog } from './webhook-dialogs.tsx';

type Asked = 'edit' | 'rotate' | 'replay' | 'disable' | 'enable' | 'remove';

/** What can be done with an endpoint. */
export function EndpointActions({ webhook }: { webhook: Webhook }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const may = useMay('webhooks:write');
  const [asked, ask] = useState<Asked | null>(null);
  const { webhook_id } = webhook;
  const refresh = () => void queries.invalidateQueries({ queryKey: ['webhooks'] });
  const test = useMutation({
    mutationFn: () => testWebhook(webhook_id),
    onSuccess: () => {
      announce('A test event is on its way', 'It shows among the deliveries.');
      refresh();
    },
    onError: announceProblem,
  });
  if (!may || webhook.disabled_reason === 'deleted') return null;
  const close = () => ask(null);
  const on = webhook.status === 'enabled';
  return (
    <>
      <Button onClick={() => ask('edit')}>Change</Button>
      <Button onClick={() => ask('rotate')}>Rotate the secret</Button>
      <Button look={on ? 'secondary' : 'primary'} onClick={() => ask(on ? 'disable' : 'enable')}>
        {on ? 'Switch off' : 'Switch on'}
      </Button>
      <Button look="danger" onClick={() => ask('remove')}>
        Remove
      </Button>
      <Button disabled={!on} onClick={() => ask('replay')}>
        Replay
      </Button>
      <Button look="primary" disabled={!on} busy={test.isPending} onClick={() => test.mutate()}>
        <Send size={13} aria-hidden="true" /> Send a test event
      </Button>
      <EditWebhookDialog webhook={webhook} open={asked === 'edit'} onClose={close} />
      <ReplayDialog webhook_id={webhook_id} open={asked === 'replay'} onClose={close} />
      <RotateSecretDialog
        open={asked === 'rotate'}
        onClose={close}
        about="Messages are signed with the new secret; until the time is over with the old one too, so that the receiver can change over."
        rotate={async (hours) => (await rotateWebhookSecret(webhook_id, hours)).secret}
        onDone={refresh}
      />
      <ConfirmDialog
        open={asked === 'disable'}
        onClose={close}
        title="Switch the endpoint off"
        description="Nothing more is sent. What waits is cancelled; it can be replayed once the endpoint is on again."
        action="Switch off"
        look="danger"
        run={() => disableWebhook(webhook_id)}
        onDone={refresh}
      />
      <ConfirmDialog
        open={asked === 'enable'}
        onClose={close}
        title="Switch the endpoint on"
        description="Events that happen from now on are sent. What was cancelled is not, until it is replayed."
        action="Switch on"
        run={() => enableWebhook(webhook_id)}
        onDone={refresh}
      />
      <ConfirmDialog
        open={asked === 'remove'}
        onClose={close}
        title="Remove the endpoint"
        description="Nothing more is sent to it, for good. What was sent stays on record."
        action="Remove"
        look="danger"
        run={() => deleteWebhook(webhook_id)}
        onDone={() => {
          announce('The endpoint was removed');
          refresh();
          void navigate({ to: '/webhooks', search: {} });
        }}
      />
    </>
  );
}
