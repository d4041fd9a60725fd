import { useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { meQuery } from '@/shared/api/queries'
import type { ImageDetail } from '@/shared/api/types'
import { Button } from '@/shared/ui/Button'
import { RemovableChip } from '@/shared/ui/Chips'
import { Field } from '@/shared/ui/Field'
import { tagTrouble } from './correction'
import styles from './FactsPanel.module.css'
import { usePatchImage } from './usePatchImage'

/** Labels that people put on an image, in their own words. */
export function Tags({ image }: { image: ImageDetail }) {
  const { data: me } = useQuery(meQuery)
  const { isBusy, trouble, patch } = usePatchImage(image)
  const mayChange = me?.capabilities.correct === true
  if (!mayChange && image.tags.length === 0) return null
  return (
    <section>
      <h2>Tags</h2>
      {image.tags.length > 0 ? (
        <ul className={styles.badges} aria-label="Tags" data-testid="tags">
          {image.tags.map((tag) =>
            mayChange ? (
              <li key={tag} className={styles.bare}>
                <RemovableChip
                  what="tag"
                  onRemove={() => void patch({ tags: image.tags.filter((one) => one !== tag) })}
                >
                  {tag}
                </RemovableChip>
              </li>
            ) : (
              <li key={tag}>{tag}</li>
            ),
          )}
        </ul>
      ) : null}
      {mayChange ? (
        <AddTag
          tags={image.tags}
          isBusy={isBusy}
          refusal={trouble}
          onAdd={(tag) => patch({ tags: [...image.tags, tag] })}
        />
      ) : null}
    </section>
  )
}

interface AddTagProps {
  tags: readonly string[]
  isBusy: boolean
  refusal: string | null
  onAdd: (tag: string) => Promise<boolean>
}

function AddTag({ tags, isBusy, refusal, onAdd }: AddTagProps) {
  const [text, setText] = useState('')
  const [trouble, setTrouble] = useState<string | null>(null)
  async function add(): Promise<void> {
    const found = tagTrouble(tags, text)
    setTrouble(found)
    if (found === null && (await onAdd(text.trim()))) setText('')
  }
  return (
    <form
      className={styles.adding}
      onSubmit={(event) => {
        event.preventDefault()
        if (!isBusy) void add()
      }}
    >
      <Field
        label="Add a tag"
        value={text}
        autoComplete="off"
        placeholder="such as: teaching"
        trouble={trouble ?? refusal}
        onChange={(event) => {
          setText(event.target.value)
          setTrouble(null)
        }}
      />
      <Button type="submit" icon={<Plus />} aria-label="Add the tag" aria-disabled={isBusy || undefined}>
        Add
      </Button>
    </form>
  )
}
