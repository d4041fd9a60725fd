import { useDeferredValue, useId, useState } from 'react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Field } from '@/shared/ui/Field'
import { fetchPeople } from './api'
import styles from './AnalyticsPage.module.css'

/** Offers people whose name or e-mail begins so; one that is chosen becomes the filter. */
export function PersonFilter({ onChoose }: { onChoose: (userId: string) => void }) {
  const listId = useId()
  const [text, setText] = useState('')
  const q = useDeferredValue(text.trim())
  const { data } = useQuery({
    queryKey: ['analytics', 'people', q],
    queryFn: ({ signal }) => fetchPeople(q, signal),
    enabled: q.length > 0,
    placeholderData: keepPreviousData,
  })
  const people = q.length > 0 ? (data?.users ?? []) : []
  function choose(value: string): boolean {
    const found = people.find(({ email }) => email === value)
    if (!found) return false
    setText('')
    onChoose(String(found.id))
    return true
  }
  return (
    <form
      role="search"
      aria-label="Only one person"
      className={styles.personFilter}
      onSubmit={(event) => {
        event.preventDefault()
        const [first] = people
        if (!choose(text.trim()) && first) choose(first.email)
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
