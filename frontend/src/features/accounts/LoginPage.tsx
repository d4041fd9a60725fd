import { type FormEvent, useEffect, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Link, useRouter, useSearch } from '@tanstack/react-router'
import { ApiProblem, messageOf } from '@/shared/api/client'
import { meQuery } from '@/shared/api/queries'
import { useSessionState } from '@/shared/api/session'
import { formatDuration } from '@/shared/format/numbers'
import { Button } from '@/shared/ui/Button'
import { Field } from '@/shared/ui/Field'
import { Notice } from '@/shared/ui/Notice'
import { registrationQuery, signIn } from './api'
import { Doorway, footClass, formClass } from './Doorway'

export function LoginPage() {
  const search = useSearch({ from: '/login' })
  const router = useRouter()
  const goal = search.return ?? '/'
  const { data: registration } = useQuery(registrationQuery)
  useLeaveWhenSignedIn(goal)
  return (
    <Doorway title="Sign in">
      {search.reason === 'expired' ? (
        <Notice kind="plain">
          You were signed out after 8 hours without activity; nothing is lost. Sign in to continue.
        </Notice>
      ) : null}
      {search.reason === 'signed-out' ? <Notice kind="ready">You are signed out.</Notice> : null}
      {registration?.setupNeeded ? <SetupNeeded /> : null}
      <SignInForm onSignedIn={() => router.history.replace(goal)} />
      {registration?.open ? (
        <p className={footClass}>
          No account yet? <Link to="/register">Ask for one</Link>
        </p>
      ) : (
        <p className={footClass}>No account, or forgot the password? An administrator can help.</p>
      )}
    </Doorway>
  )
}

/** Somebody who is signed in has nothing to do here. */
function useLeaveWhenSignedIn(goal: string): void {
  const router = useRouter()
  const hasEnded = useSessionState((state) => state.hasEnded)
  const { data: me } = useQuery({ ...meQuery, enabled: !hasEnded })
  useEffect(() => {
    if (me && !hasEnded) router.history.replace(goal)
  }, [me, hasEnded, goal, router])
}

function SetupNeeded() {
  return (
    <Notice kind="working" title="There is no administrator yet">
      Open the one-time link that the server printed when it started, or run{' '}
      <code>mammogram-viewer user add EMAIL --role admin</code>.
    </Notice>
  )
}

function SignInForm({ onSignedIn }: { onSignedIn: () => void }) {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const [until, setUntil] = useState(0)
  const wait = useCountdown(until)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    setBusy(true)
    setProblem(null)
    try {
      await signIn(email.trim(), password)
      onSignedIn()
    } catch (error) {
      setProblem(error)
      setUntil(waitUntil(error))
      setBusy(false)
    }
  }

  return (
    <form className={formClass} onSubmit={(event) => void submit(event)}>
      {problem ? <SignInTrouble problem={problem} secondsLeft={wait} /> : null}
      <Field
        label="E-mail"
        type="email"
        name="email"
        autoComplete="username"
        required
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <Field
        label="Password"
        type="password"
        name="password"
        autoComplete="current-password"
        required
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      <Button kind="primary" type="submit" isBusy={isBusy} disabled={wait > 0}>
        {wait > 0 ? `Wait ${formatDuration(wait)}` : 'Sign in'}
      </Button>
    </form>
  )
}

/** Seconds until a throttled sign-in may be tried again. */
function useCountdown(untilMilliseconds: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (untilMilliseconds === 0) return
    const timer = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(timer)
  }, [untilMilliseconds])
  return Math.max(0, Math.ceil((untilMilliseconds - now) / 1000))
}

/** When a throttled sign-in may be tried again; 0 when it is not throttled. */
function waitUntil(problem: unknown): number {
  if (!(problem instanceof ApiProblem) || problem.status !== 429) return 0
  return Date.now() + (problem.retryAfterSeconds ?? 30) * 1000
}

function SignInTrouble({ problem, secondsLeft }: { problem: unknown; secondsLeft: number }) {
  const code = problem instanceof ApiProblem ? problem.code : ''
  switch (code) {
    case 'invalid_credentials':
      return (
        <Notice kind="failed" title="E-mail and password do not match">
          Check both, and the Caps Lock key. If you forgot the password, an administrator can set a new one.
        </Notice>
      )
    case 'account_pending':
      return (
        <Notice kind="working" title="Your account waits for approval">
          An administrator has to approve it. Nothing is missing on your side; try again later.
        </Notice>
      )
    case 'account_disabled':
      return (
        <Notice kind="failed" title="This account is switched off">
          Ask an administrator to switch it on again.
        </Notice>
      )
    case 'too_many_requests':
      return (
        <Notice kind="failed" title="Too many attempts">
          {secondsLeft > 0
            ? `You can try again in ${formatDuration(secondsLeft)}. The account is not locked.`
            : 'You can try again now.'}
        </Notice>
      )
    default:
      return <Notice kind="failed">{messageOf(problem)}</Notice>
  }
}
