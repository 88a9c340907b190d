import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useForm } from 'react-hook-form';
import { openSession } from '../api/client.ts';
import { SessionFrame } from '../features/session/frame.tsx';
import { sessionQuery } from '../features/session/session.ts';
import { Button, buttonClass } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { placeErrors } from '../ui/form-errors.ts';
import { Empty, ProblemBox } from '../ui/state.tsx';

interface FirstAdmin {
  name: string;
  email: string;
  password: string;
}

/** Where the link that the first start prints leads. The token is in the fragment, which never reaches a server's log. */
export function SetupPage() {
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get('token'));
  useEffect(() => {
    document.title = 'Set up · Tallystick';
    history.replaceState(history.state, '', location.pathname);
  }, []);
  return (
    <SessionFrame title="Set up your account" lead="You will be the first administrator.">
      {token ? (
        <SetupForm token={token} />
      ) : (
        <Empty
          title="This link carries no token"
          action={
            <Link to="/sign-in" search={{}} className={buttonClass()}>
              Go to sign in
            </Link>
          }
        >
          Open the whole link that the first start printed; it ends in <code className="font-mono text-xs">#token=…</code>.
        </Empty>
      )}
    </SessionFrame>
  );
}

function SetupForm({ token }: { token: string }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { register, handleSubmit, formState, setError } = useForm<FirstAdmin>();
  const [placed, setPlaced] = useState(false);
  const setup = useMutation({
    mutationFn: (input: FirstAdmin) => openSession('POST /v1/session:setup', { token, ...input }),
    onSuccess: (session) => {
      queries.setQueryData(sessionQuery.queryKey, session);
      navigate({ to: '/' });
    },
    onError: (error) => setPlaced(placeErrors(error, ['name', 'email', 'password'], setError)),
  });
  return (
    <form noValidate onSubmit={handleSubmit((input) => setup.mutate(input))} className="flex flex-col gap-4">
      {setup.error && !placed ? <ProblemBox error={setup.error} /> : null}
      <TextField
        label="Name"
        autoComplete="name"
        autoFocus
        error={formState.errors.name?.message}
        {...register('name', { required: 'Enter your name.' })}
      />
      <TextField
        label="Email"
        type="email"
        autoComplete="username"
        error={formState.errors.email?.message}
        {...register('email', { required: 'Enter your email address.' })}
      />
      <TextField
        label="Password"
        type="password"
        autoComplete="new-password"
        hint="At least 12 characters. A few words are better than a few symbols."
        error={formState.errors.password?.message}
        {...register('password', {
          required: 'Choose a password.',
          minLength: { value: 12, message: 'Use at least 12 characters.' },
        })}
      />
      <Button type="submit" look="primary" busy={setup.isPending} className="mt-1 h-9">
        Create account and sign in
      </Button>
    </form>
  );
}
