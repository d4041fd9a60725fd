import { useDeferredValue, useId, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { queryClient } from '@/shared/api/queries'
import { Field } from '@/shared/ui/Field'
import { peopleQuery } from './api'
import styles from './AnalyticsPage.module.css'

/** Offers people whose name or e-mail begins so; one that is chosen becomes the filter. */
export function PersonFilter({ onChoose }: { onChoose: (userId: string) => void }) {
  const listId = useId()
  const [text, setText] = useState('')
  const q = useDeferredValue(text.trim())
  const { data } = useQuery({ ...peopleQuery(q), enabled: q.length > 0 })
  const people = q.length > 0 ? (data?.users ?? []) : []
  function choose(value: string): boolean {
    const found = people.find(({ email }) => email === value)
    if (!found) return false
    setText('')
    onChoose(String(found.id))
    return true
  }
  /** Enter may come before the list has. */
  async function chooseFirst(wanted: string): Promise<void> {
    if (wanted === '') return
    const found = await queryClient.fetchQuery(peopleQuery(wanted)).catch(() => null)
    const [first] = found?.users ?? []
    if (!first) return
    setText('')
    onChoose(String(first.id))
  }
  return (
    <form
      role="search"
      aria-label="Only one person"
      className={styles.personFilter}
      onSubmit={(event) => {
        event.preventDefault()
        if (!choose(text.trim())) void chooseFirst(text.trim())
      }}
    >
      <Field
        label="Person (name or e-mail)"
        type="search"
        list={listId}
        autoComplete="off"
        value={text}
        onChange={(event) => {
          if (!choose(event.target.value)) setText(event.target.value)
        }}
      />
      <datalist id={listId}>
        {people.map(({ id, name, email }) => (
          <option key={id} value={email}>
            {name}
          </option>
        ))}
      </datalist>
    </form>
  )
}
