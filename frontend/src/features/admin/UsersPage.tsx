import { useEffect, useRef, useState } from 'react'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { UserPlus, Users } from 'lucide-react'
import { messageOf } from '@/shared/api/client'
import { meQuery } from '@/shared/api/queries'
import type { User } from '@/shared/api/types'
import { Button } from '@/shared/ui/Button'
import { ChoiceChips } from '@/shared/ui/Chips'
import { EmptyState } from '@/shared/ui/EmptyState'
import { Field } from '@/shared/ui/Field'
import { Notice } from '@/shared/ui/Notice'
import { PageHead } from '@/shared/ui/PageHead'
import { Skeleton } from '@/shared/ui/Skeleton'
import { fetchUsers, type UserFilters } from './api'
import { NewUserDialog } from './NewUserDialog'
import { UserDialog } from './UserDialog'
import styles from './UsersPage.module.css'
import { UserTable } from './UserTable'

const STATUSES = [
  { value: 'pending', label: 'Pending' },
  { value: 'active', label: 'Active' },
  { value: 'disabled', label: 'Disabled' },
] as const

const ROLES = [
  { value: 'admin', label: 'Admin' },
  { value: 'radiologist', label: 'Radiologist' },
  { value: 'technologist', label: 'Technologist' },
  { value: 'user', label: 'User' },
] as const

export function UsersPage() {
  const filters: UserFilters = useSearch({ from: '/frame/admin-area/admin/users' })
  const client = useQueryClient()
  const { data: me } = useQuery(meQuery)
  const [isAdding, setAdding] = useState(false)
  const [chosen, setChosen] = useState<User | null>(null)
  const list = useInfiniteQuery({
    queryKey: ['users', filters],
    queryFn: ({ pageParam, signal }) => fetchUsers(filters, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
  })
  const users = list.data?.pages.flatMap((page) => page.users)
  const refresh = () => client.invalidateQueries({ queryKey: ['users'] })

  return (
    <div className={styles.page}>
      <PageHead
        title="Users"
        actions={
          <Button kind="primary" icon={<UserPlus />} onClick={() => setAdding(true)}>
            Add user
          </Button>
        }
      />
      <UserFilterBar filters={filters} />
      {list.error ? <Notice kind="failed">{messageOf(list.error)}</Notice> : null}
      {users === undefined && !list.error ? <Skeleton height="12rem" /> : null}
      {users?.length === 0 ? (
        <EmptyState icon={<Users />} title="Nobody fits these filters">
          Take a filter away, or add a user.
        </EmptyState>
      ) : null}
      {users && users.length > 0 ? (
        <UserTable
          users={users}
          ownId={me?.user.id ?? null}
          onOpen={setChosen}
          onChanged={() => void refresh()}
        />
      ) : null}
      <LoadMore
        isShown={list.hasNextPage}
        isBusy={list.isFetchingNextPage}
        onMore={() => void list.fetchNextPage()}
      />
      {isAdding ? <NewUserDialog onClose={() => setAdding(false)} onMade={() => void refresh()} /> : null}
      {chosen ? (
        <UserDialog
          user={chosen}
          isOwn={chosen.id === me?.user.id}
          onClose={() => setChosen(null)}
          onChanged={() => void refresh()}
        />
      ) : null}
    </div>
  )
}

function UserFilterBar({ filters }: { filters: UserFilters }) {
  const navigate = useNavigate()
  function set(change: UserFilters): void {
    void navigate({ to: '/admin/users', search: { ...filters, ...change }, replace: true })
  }
  return (
    <div className={styles.filters}>
      <SearchUsers
        key={filters.q ?? ''}
        initial={filters.q ?? ''}
        onSearch={(q) => set({ q: q || undefined })}
      />
      <ChoiceChips
        label="Status"
        options={STATUSES}
        value={pick(STATUSES, filters.status)}
        onChange={(status) => set({ status })}
      />
      <ChoiceChips
        label="Role"
        options={ROLES}
        value={pick(ROLES, filters.role)}
        onChange={(role) => set({ role })}
      />
    </div>
  )
}

function pick<T extends string>(options: readonly { value: T }[], value: string | undefined): T | undefined {
  return options.find((option) => option.value === value)?.value
}

function SearchUsers({ initial, onSearch }: { initial: string; onSearch: (q: string) => void }) {
  const [text, setText] = useState(initial)
  return (
    <form
      role="search"
      className={styles.search}
      onSubmit={(event) => {
        event.preventDefault()
        onSearch(text.trim())
      }}
    >
      <Field
        label="Name or e-mail"
        type="search"
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          if (event.target.value === '' && initial !== '') onSearch('')
        }}
      />
    </form>
  )
}

/** Reads on when its place comes into view; a button for those who do not scroll. */
function LoadMore({ isShown, isBusy, onMore }: { isShown: boolean; isBusy: boolean; onMore: () => void }) {
  const place = useRef<HTMLDivElement>(null)
  const latest = useRef(onMore)
  useEffect(() => {
    latest.current = onMore
  })
  useEffect(() => {
    const element = place.current
    if (!element || !isShown || isBusy) return
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) latest.current()
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [isShown, isBusy])
  return (
    <div ref={place} className={styles.more}>
      {isShown ? (
        <Button isBusy={isBusy} onClick={onMore}>
          Show more
        </Button>
      ) : null}
    </div>
  )
}
