import { ApiProblem } from '@/shared/api/client'
import { Field } from '@/shared/ui/Field'

export interface Person {
  email: string
  name: string
  password: string
}

export const nobody: Person = { email: '', name: '', password: '' }

interface PersonFieldsProps {
  person: Person
  onChange: (person: Person) => void
  problem: unknown
}

const PASSWORD_CODES = ['password_too_short', 'password_common', 'password_too_long']

/** True when the problem is said at one of the fields, and needs no notice of its own. */
export function isFieldProblem(problem: unknown): boolean {
  return problem instanceof ApiProblem && [...PASSWORD_CODES, 'invalid_email'].includes(problem.code)
}

export function PersonFields({ person, onChange, problem }: PersonFieldsProps) {
  const code = problem instanceof ApiProblem ? problem.code : ''
  const detail = problem instanceof ApiProblem ? problem.detail : null
  return (
    <>
      <Field
        label="Name"
        name="name"
        autoComplete="name"
        required
        maxLength={200}
        value={person.name}
        onChange={(event) => onChange({ ...person, name: event.target.value })}
      />
      <Field
        label="E-mail"
        type="email"
        name="email"
        autoComplete="username"
        required
        value={person.email}
        trouble={code === 'invalid_email' ? detail : null}
        onChange={(event) => onChange({ ...person, email: event.target.value })}
      />
      <Field
        label="Password"
        type="password"
        name="password"
        autoComplete="new-password"
        required
        value={person.password}
        hint="At least 12 characters. A few unrelated words are good and easy to remember."
        trouble={PASSWORD_CODES.includes(code) ? detail : null}
        onChange={(event) => onChange({ ...person, password: event.target.value })}
      />
    </>
  )
}
