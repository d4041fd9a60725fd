import { useNavigate } from '@tanstack/react-router'
import { Keyboard, LogOut, UserCog } from 'lucide-react'
import { signOut } from '@/features/accounts/signOut'
import { abandonUploads, hasUploadsUnderWay } from '@/features/upload/uploads'
import { messageOf } from '@/shared/api/client'
import type { Me } from '@/shared/api/types'
import { ConfirmDialog } from '@/shared/ui/Dialog'
import { MenuBelow, MenuItem, MenuLabel, MenuSeparator, type MenuUnder } from '@/shared/ui/Menu'
import { toast } from '@/shared/ui/Toasts'
import { useState } from 'react'

interface AccountActsProps {
  me: Me
  menu: MenuUnder
  onHelp: () => void
}

/** What one may do with one's account. */
export function AccountActs({ me, menu, onHelp }: AccountActsProps) {
  const navigate = useNavigate()
  const [isAsking, setAsking] = useState(false)

  async function leave(): Promise<void> {
    abandonUploads()
    await signOut()
    await navigate({ to: '/login', search: { reason: 'signed-out' } })
  }

  function askToLeave(): void {
    if (hasUploadsUnderWay()) setAsking(true)
    else leave().catch((error: unknown) => toast(`You are still signed in. ${messageOf(error)}`))
  }

  return (
    <>
      <MenuBelow {...menu}>
        <MenuLabel>
          {me.user.email}
          <br />
          {me.user.role}
        </MenuLabel>
        <MenuSeparator />
        <MenuItem icon={<UserCog />} onSelect={() => void navigate({ to: '/account' })}>
          Account
        </MenuItem>
        <MenuItem icon={<Keyboard />} onSelect={onHelp}>
          Keys
        </MenuItem>
        <MenuSeparator />
        <MenuItem icon={<LogOut />} onSelect={askToLeave}>
          Sign out
        </MenuItem>
      </MenuBelow>
      <ConfirmDialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title="Sign out while files are being sent?"
        confirmLabel="Stop and sign out"
        onConfirm={leave}
      >
        Files that are already on the server stay there. The others are not sent; you can drop them again
        later.
      </ConfirmDialog>
    </>
  )
}
