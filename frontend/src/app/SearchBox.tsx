import { type FormEvent, useRef, useState } from 'react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Search } from 'lucide-react'
import { readGallerySearch } from '@/shared/api/imageFilters'
import { useCommands } from '@/shared/keys/commands'
import styles from './SearchBox.module.css'

/** Searches the gallery by patient id, name or file name. `/` leads here from everywhere. */
export function SearchBox() {
  const field = useRef<HTMLInputElement>(null)
  const navigate = useNavigate()
  const search: Record<string, unknown> = useSearch({ strict: false })
  const inUrl = typeof search.q === 'string' ? search.q : ''
  useCommands([
    {
      id: 'search',
      title: 'Search images',
      group: 'Everywhere',
      keys: ['/'],
      run: () => {
        field.current?.focus()
        field.current?.select()
      },
    },
  ])

  function go(text: string): void {
    const q = text.trim() || undefined
    void navigate({ to: '/', search: (before) => ({ ...readGallerySearch(before), q, at: undefined }) })
  }
  // A key of its own per address: the field follows the URL without copying it into state by an effect.
  return <SearchForm key={inUrl} field={field} initial={inUrl} onSearch={go} />
}

interface SearchFormProps {
  field: React.RefObject<HTMLInputElement | null>
  initial: string
  onSearch: (text: string) => void
}

function SearchForm({ field, initial, onSearch }: SearchFormProps) {
  const [text, setText] = useState(initial)
  function submit(event: FormEvent): void {
    event.preventDefault()
    onSearch(text)
  }
  return (
    <form className={styles.search} role="search" onSubmit={submit}>
      <Search aria-hidden="true" />
      <input
        ref={field}
        type="search"
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          // The cross in the field clears the filter at once.
          if (event.target.value === '' && initial !== '') onSearch('')
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur()
        }}
        placeholder="Patient id, name or file"
        aria-label="Search images by patient id, name or file name"
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
      />
      <kbd aria-hidden="true">/</kbd>
    </form>
  )
}
