import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useRouter, useSearch } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useForm } from 'react-hook-form';
import { openSession } from '../api/client.ts';
import { SessionFrame } from '../features/session/frame.tsx';
import { sessionQuery } from '../features/session/session.ts';
import { Button } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { ProblemBox } from '../ui/state.tsx';

interface Credentials {
  email: string;
  password: string;
}

export function SignInPage() {
  const { next } = useSearch({ from: '/sign-in' });
  const queries = useQueryClient();
  const navigate = useNavigate();
  const router = useRouter();
  const { register, handleSubmit, formState } = useForm<Credentials>();
  const signIn = useMutation({
    mutationFn: (input: Credentials) => openSession('POST /v1/session', input),
    onSuccess: (session) => {
      queries.setQueryData(sessionQuery.queryKey, session);
      // Only addresses of this console: a link that names another site leads to the overview.
      if (next?.startsWith('/') && !next.startsWith('//')) router.history.push(next);
      else navigate({ to: '/' });
    },
  });
  useEffect(() => {
    document.title = 'Sign in · Tallystick';
  }, []);
  return (
    <SessionFrame title="Sign in" lead="Welcome back.">
      <form noValidate onSubmit={handleSubmit((input) => signIn.mutate(input))} className="flex flex-col gap-4">
        {signIn.error ? <ProblemBox error={signIn.error} /> : null}
        <TextField
          label="Email"
          type="email"
          autoComplete="username"
          autoFocus
          error={formState.errors.email?.message}
          {...register('email', { required: 'Enter your email address.' })}
        />
        <TextField
          label="Password"
          type="password"
          autoComplete="current-password"
          error={formState.errors.password?.message}
          {...register('password', { required: 'Enter your password.' })}
        />
        <Button type="submit" look="primary" busy={signIn.isPending} className="mt-1 h-9">
          Sign in
        </Button>
      </form>
      <div className="mt-8 rounded-lg border border-line px-4 py-3 text-sm text-ink-3">
        <p className="font-medium text-ink-2">First time here?</p>
        <p className="mt-0.5">
          The first start prints a link that ends in <code className="font-mono text-xs">/setup#token=…</code>. Open it to choose
          your password.
        </p>
      </div>
    </SessionFrame>
  );
}
