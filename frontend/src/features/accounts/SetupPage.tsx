import { type FormEvent, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Link, useRouter, useSearch } from '@tanstack/react-router'
import { ApiProblem, messageOf } from '@/shared/api/client'
import { Button } from '@/shared/ui/Button'
import { Notice } from '@/shared/ui/Notice'
import { checkSetupLink, setUp } from './api'
import { Doorway, footClass, formClass } from './Doorway'
import { isFieldProblem, nobody, PersonFields } from './PersonFields'

/** The first administrator, through the one-time link that the server prints when it first starts. */
export function SetupPage() {
  const { token } = useSearch({ from: '/setup' })
  const { data: isValid, error } = useQuery({
    queryKey: ['setup', token],
    queryFn: () => (token ? checkSetupLink(token) : Promise.resolve(false)),
    retry: false,
    refetchOnWindowFocus: false,
  })
  if (error) {
    return (
      <Doorway title="Set up">
        <Notice kind="failed">{messageOf(error)}</Notice>
      </Doorway>
    )
  }
  if (isValid === false) return <LinkIsOver />
  return (
    <Doorway title="Set up" lead="Make the first administrator. This link works once.">
      <SetupForm token={token ?? ''} />
    </Doorway>
  )
}

function LinkIsOver() {
  return (
    <Doorway title="This set-up link does not work">
      <Notice kind="working" title="It was used already, or it has expired">
        Restart the server: while there is no administrator it prints a new link. Or make one in the shell
        with <code>mammogram-viewer user add EMAIL --role admin</code>.
      </Notice>
      <p className={footClass}>
        Already set up? <Link to="/login">Sign in</Link>
      </p>
    </Doorway>
  )
}

function SetupForm({ token }: { token: string }) {
  const router = useRouter()
  const [person, setPerson] = useState(nobody)
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    setBusy(true)
    setProblem(null)
    try {
      await setUp({ token, ...person, email: person.email.trim(), name: person.name.trim() })
      router.history.replace('/')
    } catch (error) {
      setProblem(error)
      setBusy(false)
    }
  }

  if (problem instanceof ApiProblem && problem.status === 410) return <LinkIsOverNotice />
  return (
    <form className={formClass} onSubmit={(event) => void submit(event)}>
      {problem && !isFieldProblem(problem) ? <Notice kind="failed">{messageOf(problem)}</Notice> : null}
      <PersonFields person={person} onChange={setPerson} problem={problem} />
      <Button kind="primary" type="submit" isBusy={isBusy}>
        Make the administrator
      </Button>
    </form>
  )
}

function LinkIsOverNotice() {
  return (
    <Notice kind="working" title="The link was used or expired meanwhile">
      Nothing was made. Restart the server for a new link, or run{' '}
      <code>mammogram-viewer user add EMAIL --role admin</code>.
    </Notice>
  )
}
