import { useEffect, useState } from 'react'
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router'
import { useQuery } from '@tanstack/react-query'
import { ChartLine, CloudUpload, Gauge, Images, Layers, ShieldCheck } from 'lucide-react'
import { AccountMenu } from '@/app/AccountMenu'
import { SearchBox } from '@/app/SearchBox'
import { useLiveImages } from '@/app/useLiveImages'
import { NotificationBell } from '@/features/notifications/NotificationBell'
import { DropZone } from '@/features/upload/DropZone'
import { UploadButton } from '@/features/upload/UploadButton'
import { openLive } from '@/shared/api/live'
import { meQuery, publicSettingsQuery } from '@/shared/api/queries'
import { type Command, useCommands } from '@/shared/keys/commands'
import { useLater } from '@/shared/ui/later'
import { Tooltip } from '@/shared/ui/Tooltip'
import styles from './Frame.module.css'

const loadHelp = () => import('@/app/HelpDialog')

/** Rail, top bar and the page between them. Below 700 px the rail becomes a bar at the bottom. */
export function Frame() {
  const { data: me } = useQuery(meQuery)
  useQuery(publicSettingsQuery) // asked early: uploads want the limits at once, also when the line is down
  const isAdmin = me?.capabilities.administer ?? false
  const mayUpload = me?.capabilities.upload ?? false
  const seesQuality = me?.user.role === 'radiologist'
  const [isHelpOpen, setHelpOpen] = useState(false)
  const help = useLater(loadHelp, isHelpOpen)
  const isSignedIn = Boolean(me)
  useEffect(() => (isSignedIn ? openLive() : undefined), [isSignedIn])
  useLiveImages()
  useFrameCommands(isAdmin, mayUpload, () => setHelpOpen(true))
  useQualityCommand(isAdmin || seesQuality)
  return (
    <div className={styles.frame}>
      <a className={styles.skip} href="#page">
        Skip to the page
      </a>
      <Rail isAdmin={isAdmin} mayUpload={mayUpload} seesQuality={seesQuality} />
      <header className={styles.bar}>
        <SearchBox />
        {mayUpload ? <UploadButton /> : null}
        {me ? <NotificationBell /> : null}
        {me ? <AccountMenu me={me} onHelp={() => setHelpOpen(true)} /> : null}
      </header>
      <main id="page" className={styles.page} tabIndex={-1}>
        <Outlet />
      </main>
      {mayUpload ? <DropZone /> : null}
      {help ? <help.HelpDialog isOpen={isHelpOpen} onClose={() => setHelpOpen(false)} /> : null}
    </div>
  )
}

function useFrameCommands(isAdmin: boolean, mayUpload: boolean, openHelp: () => void): void {
  const navigate = useNavigate()
  const commands: Command[] = [
    {
      id: 'go-gallery',
      title: 'Gallery',
      group: 'Go to',
      keys: ['g i'],
      run: () => void navigate({ to: '/', resetScroll: false }),
    },
    {
      id: 'go-exams',
      title: 'Exams',
      group: 'Go to',
      keys: ['g e'],
      run: () => void navigate({ to: '/', search: { show: 'exams' }, resetScroll: false }),
    },
    {
      id: 'go-account',
      title: 'Account',
      group: 'Go to',
      keys: ['g m'],
      run: () => void navigate({ to: '/account' }),
    },
    { id: 'help', title: 'This list of keys', group: 'Everywhere', keys: ['?'], run: openHelp },
  ]
  if (mayUpload) {
    commands.push({
      id: 'go-uploads',
      title: 'My uploads',
      group: 'Go to',
      keys: ['g u'],
      run: () => void navigate({ to: '/uploads' }),
    })
  }
  if (isAdmin) {
    commands.push(
      {
        id: 'go-analytics',
        title: 'Analytics',
        group: 'Go to',
        keys: ['g a'],
        run: () => void navigate({ to: '/analytics' }),
      },
      {
        id: 'go-admin',
        title: 'Administration',
        group: 'Go to',
        keys: ['g s'],
        run: () => void navigate({ to: '/admin' }),
      },
      {
        id: 'go-jobs',
        title: 'Jobs',
        group: 'Go to',
        keys: ['g j'],
        run: () => void navigate({ to: '/admin/jobs' }),
      },
    )
  }
  useCommands(commands)
}

function useQualityCommand(isAllowed: boolean): void {
  const navigate = useNavigate()
  const command: Command = {
    id: 'go-quality',
    title: 'Imaging quality',
    group: 'Go to',
    keys: ['g q'],
    run: () => void navigate({ to: '/analytics/quality' }),
  }
  useCommands(isAllowed ? [command] : [])
}

interface Allowed {
  isAdmin: boolean
  mayUpload: boolean
  seesQuality: boolean
}

/** Gallery and exams share a path: only together with its search a link is that of the page shown. */
const EXACTLY = { exact: true, includeSearch: true, explicitUndefined: true }

function Rail({ isAdmin, mayUpload, seesQuality }: Allowed) {
  const path = useRouterState({ select: (state) => state.location.pathname })
  const showsExams = useRouterState({ select: ({ location }) => location.search.show === 'exams' })
  const isExams = path.startsWith('/studies') || (path === '/' && showsExams)
  const isGallery = !isExams && (path === '/' || path.startsWith('/images'))
  return (
    <nav className={styles.rail} aria-label="Main">
      <div className={styles.mark} aria-hidden="true">
        <img src="/favicon.svg" alt="" width="28" height="28" />
      </div>
      <Tooltip label="Gallery" keys="g i" side="right">
        <Link
          to="/"
          resetScroll={false}
          className={styles.entry}
          activeOptions={EXACTLY}
          aria-current={isGallery ? 'page' : undefined}
        >
          <Images aria-hidden="true" />
          <span>Gallery</span>
        </Link>
      </Tooltip>
      <Tooltip label="Exams" keys="g e" side="right">
        <Link
          to="/"
          search={{ show: 'exams' }}
          resetScroll={false}
          className={styles.entry}
          activeOptions={EXACTLY}
          aria-current={isExams ? 'page' : undefined}
        >
          <Layers aria-hidden="true" />
          <span>Exams</span>
        </Link>
      </Tooltip>
      {mayUpload ? (
        <Tooltip label="My uploads" keys="g u" side="right">
          <Link
            to="/uploads"
            className={styles.entry}
            aria-current={path === '/uploads' ? 'page' : undefined}
          >
            <CloudUpload aria-hidden="true" />
            <span>Uploads</span>
          </Link>
        </Tooltip>
      ) : null}
      {seesQuality ? (
        <Tooltip label="Imaging quality" keys="g q" side="right">
          <Link
            to="/analytics/quality"
            className={styles.entry}
            aria-current={path.startsWith('/analytics') ? 'page' : undefined}
          >
            <Gauge aria-hidden="true" />
            <span>Quality</span>
          </Link>
        </Tooltip>
      ) : null}
      {isAdmin ? <OfficeEntries path={path} /> : null}
    </nav>
  )
}

/** For administrators. */
function OfficeEntries({ path }: { path: string }) {
  return (
    <>
      <Tooltip label="Analytics" keys="g a" side="right">
        <Link
          to="/analytics"
          className={styles.entry}
          aria-current={path.startsWith('/analytics') ? 'page' : undefined}
        >
          <ChartLine aria-hidden="true" />
          <span>Analytics</span>
        </Link>
      </Tooltip>
      <Tooltip label="Administration" keys="g s" side="right">
        <Link
          to="/admin"
          className={styles.entry}
          aria-current={path.startsWith('/admin') ? 'page' : undefined}
        >
          <ShieldCheck aria-hidden="true" />
          <span>Admin</span>
        </Link>
      </Tooltip>
    </>
  )
}
