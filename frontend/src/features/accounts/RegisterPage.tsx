import { type FormEvent, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { messageOf } from '@/shared/api/client'
import { Button } from '@/shared/ui/Button'
import { Notice } from '@/shared/ui/Notice'
import { askForAccount, registrationQuery } from './api'
import { Doorway, footClass, formClass } from './Doorway'
import { isFieldProblem, nobody, PersonFields } from './PersonFields'

export function RegisterPage() {
  const { data: registration } = useQuery(registrationQuery)
  const [isSent, setSent] = useState(false)
  if (isSent) {
    return (
      <Doorway title="Your request is noted">
        <Notice kind="ready">
          An administrator approves new accounts. After that you can sign in with the password you chose.
        </Notice>
        <p className={footClass}>
          <Link to="/login">Back to sign in</Link>
        </p>
      </Doorway>
    )
  }
  return (
    <Doorway title="Ask for an account" lead="An administrator approves it before you can sign in.">
      {registration && !registration.open ? (
        <Notice kind="working">
          Registration is switched off here. Ask an administrator for an account.
        </Notice>
      ) : (
        <RegisterForm onSent={() => setSent(true)} />
      )}
      <p className={footClass}>
        Have an account? <Link to="/login">Sign in</Link>
      </p>
    </Doorway>
  )
}

function RegisterForm({ onSent }: { onSent: () => void }) {
  const [person, setPerson] = useState(nobody)
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    setBusy(true)
    setProblem(null)
    try {
      await askForAccount({ ...person, email: person.email.trim(), name: person.name.trim() })
      onSent()
    } catch (error) {
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }

  return (
    <form className={formClass} onSubmit={(event) => void submit(event)}>
      {problem && !isFieldProblem(problem) ? <Notice kind="failed">{messageOf(problem)}</Notice> : null}
      <PersonFields person={person} onChange={setPerson} problem={problem} />
      <Button kind="primary" type="submit" isBusy={isBusy}>
        Ask for an account
      </Button>
    </form>
  )
}
