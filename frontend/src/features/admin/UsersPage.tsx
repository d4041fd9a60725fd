import { useState } from 'react'
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { UserPlus, Users } from 'lucide-react'
import { messageOf } from '@/shared/api/client'
import { meQuery } from '@/shared/api/queries'
import type { User } from '@/shared/api/types'
import { Button } from '@/shared/ui/Button'
import { ChoiceChips } from '@/shared/ui/Chips'
import { EmptyState } from '@/shared/ui/EmptyState'
import { Field } from '@/shared/ui/Field'
import { KeysetPager } from '@/shared/ui/KeysetPager'
import { Notice } from '@/shared/ui/Notice'
import { PageHead } from '@/shared/ui/PageHead'
import { Skeleton } from '@/shared/ui/Skeleton'
import { fetchUsers, type UserFilters, type UserSearch } from './api'
import { NewUserDialog } from './NewUserDialog'
import { UserBulkBar } from './UserBulkBar'
import { UserDialog } from './UserDialog'
import styles from './UsersPage.module.css'
import { UserTable } from './UserTable'
import { useTickedUsers } from './useTickedUsers'

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
  const search: UserSearch = useSearch({ from: '/frame/admin-area/admin/users' })
  const filters: UserFilters = { status: search.status, role: search.role, q: search.q }
  const navigate = useNavigate()
  const client = useQueryClient()
  const { data: me } = useQuery(meQuery)
  const [isAdding, setAdding] = useState(false)
  const [chosen, setChosen] = useState<User | null>(null)
  const ticked = useTickedUsers(filters)
  // One page at a time: it costs the same, whether there are ten users or ten thousand.
  const list = useQuery({
    queryKey: ['users', search],
    queryFn: ({ signal }) => fetchUsers(search, signal),
    placeholderData: keepPreviousData,
  })
  const page = list.data
  const ownId = me?.user.id ?? null
  const refresh = () => void client.invalidateQueries({ queryKey: ['users'] })

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
      {list.error ? <Unread error={list.error} onAgain={() => void list.refetch()} /> : null}
      {page === undefined && !list.error ? <Skeleton height="12rem" /> : null}
      {page?.users.length === 0 ? (
        <EmptyState icon={<Users />} title="Nobody fits these filters">
          Take a filter away, or add a user.
        </EmptyState>
      ) : null}
      {page && page.users.length > 0 ? (
        <UserTable
          users={page.users}
          ownId={ownId}
          ticked={ticked}
          isStale={list.isPlaceholderData}
          onOpen={setChosen}
          onChanged={refresh}
        />
      ) : null}
      {page ? (
        <KeysetPager
          group="Users"
          page={page}
          isFirst={search.cursor === undefined}
          onGo={(place) => void navigate({ to: '/admin/users', search: { ...filters, ...place } })}
        />
      ) : null}
      <UserBulkBar users={ticked.users} onClear={ticked.clear} onChanged={refresh} />
      {isAdding ? <NewUserDialog onClose={() => setAdding(false)} onMade={refresh} /> : null}
      {chosen ? (
        <UserDialog
          user={chosen}
          isOwn={chosen.id === ownId}
          onClose={() => setChosen(null)}
          onChanged={refresh}
        />
      ) : null}
    </div>
  )
}

function Unread({ error, onAgain }: { error: Error; onAgain: () => void }) {
  return (
    <Notice
      kind="failed"
      title="The list could not be read"
      action={<Button onClick={onAgain}>Try again</Button>}
    >
      {messageOf(error)}
    </Notice>
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
