import { Link, useNavigate } from '@tanstack/react-router'
import { Eye } from 'lucide-react'
import type { ImageFilters } from '@/shared/api/imageFilters'
import { useCommands } from '@/shared/keys/commands'
import { buttonClass } from '@/shared/ui/Button'
import { Tooltip } from '@/shared/ui/Tooltip'
import styles from './ReadLink.module.css'

interface ReadLinkProps {
  imageId: number
  filters: ImageFilters
}

/** Opens the viewer; `v` as well. An image without a picture yet stands there as a pane that says why. */
export function ReadLink({ imageId, filters }: ReadLinkProps) {
  const navigate = useNavigate()
  const params = { imageId: String(imageId) }
  useCommands([
    {
      id: 'image-read',
      group: 'Image',
      title: 'Read it in the viewer',
      keys: ['v'],
      run: () => void navigate({ to: '/images/$imageId/read', params, search: filters }),
    },
  ])
  return (
    <Tooltip label="Read it in the viewer" keys="v">
      <Link
        to="/images/$imageId/read"
        params={params}
        search={filters}
        className={`${buttonClass()} ${styles.read}`}
        aria-label="Read"
      >
        <Eye aria-hidden="true" />
        <span>Read</span>
      </Link>
    </Tooltip>
  )
}
