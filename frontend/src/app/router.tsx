import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router'
import { AdminFrame } from '@/app/AdminFrame'
import { ErrorPage, NotFoundPage, PageLoading } from '@/app/Fallbacks'
import { Frame } from '@/app/Frame'
import { Root } from '@/app/Root'
import { parseSearch, readReturnPath, stringifySearch } from '@/app/search'
import { type RangeSearch } from '@/shared/range/rangeSearch'
import { type AnalyticsSearch } from '@/features/analytics/analyticsSearch'
import { rangeQueryOf, readRangeSearch } from '@/shared/range/rangeSearch'
import { readAnalyticsSearch } from '@/features/analytics/analyticsSearch'
import { dashboardQuery, userQuery } from '@/features/analytics/api'
import { type PictureSearch, readPictureSearch } from '@/features/image/picture'
import { readJobSearch } from '@/features/jobs/jobSearch'
import { type QualitySearch, readQualitySearch } from '@/features/quality/qualitySearch'
import { readSentSearch } from '@/features/upload/sentImages'
import { type ImageFilters, readGallerySearch, readImageFilters } from '@/shared/api/imageFilters'
import { meQuery, queryClient } from '@/shared/api/queries'
import { type StudyFilters, studyFiltersOf } from '@/shared/api/studies'
import { type PagePlace, readPagePlace } from '@/shared/ui/KeysetPager'

const rootRoute = createRootRoute({ component: Root })

interface LoginSearch {
  return?: string
  reason?: 'expired' | 'signed-out'
}

const loginRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/login',
  validateSearch: (search: Record<string, unknown>): LoginSearch => ({
    return: search.return === undefined ? undefined : readReturnPath(search.return),
    reason: search.reason === 'expired' || search.reason === 'signed-out' ? search.reason : undefined,
  }),
  component: lazyRouteComponent(() => import('@/features/accounts/LoginPage'), 'LoginPage'),
})

const registerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/register',
  component: lazyRouteComponent(() => import('@/features/accounts/RegisterPage'), 'RegisterPage'),
})

const setupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/setup',
  validateSearch: (search: Record<string, unknown>): { token?: string } => ({
    token: typeof search.token === 'string' ? search.token : undefined,
  }),
  component: lazyRouteComponent(() => import('@/features/accounts/SetupPage'), 'SetupPage'),
})

/** Everything inside needs a signed-in person; who is not is asked to sign in and comes back here. */
const frameRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'frame',
  beforeLoad: async ({ location }) => {
    const me = await queryClient.ensureQueryData(meQuery)
    if (me) return
    // Null is only worth keeping until somebody signs in.
    queryClient.removeQueries({ queryKey: meQuery.queryKey })
    throw redirect({ to: '/login', search: location.href === '/' ? {} : { return: location.href } })
  },
  component: Frame,
})

/** The list that one comes from: the next exam in the viewer is the next one there. */
function readStudyFilters(search: Record<string, unknown>): StudyFilters {
  return studyFiltersOf(readGallerySearch(search))
}

/** The whole window is the viewer: no rail, no bar. Its code comes with it, and with nothing else. */
const readerRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'reader',
  beforeLoad: async ({ location }) => {
    const me = await queryClient.ensureQueryData(meQuery)
    if (me) return
    queryClient.removeQueries({ queryKey: meQuery.queryKey })
    throw redirect({ to: '/login', search: { return: location.href } })
  },
})

const readExamRoute = createRoute({
  getParentRoute: () => readerRoute,
  path: '/studies/$studyId/read',
  validateSearch: readStudyFilters,
  component: lazyRouteComponent(() => import('@/app/ReadingRoutes'), 'ReadExamRoute'),
})

const readImageRoute = createRoute({
  getParentRoute: () => readerRoute,
  path: '/images/$imageId/read',
  // The list that one comes from, for the way back.
  validateSearch: (search: Record<string, unknown>): ImageFilters => readImageFilters(search),
  component: lazyRouteComponent(() => import('@/app/ReadingRoutes'), 'ReadImageRoute'),
})

const galleryRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/',
  validateSearch: readGallerySearch,
  component: lazyRouteComponent(() => import('@/features/gallery/GalleryPage'), 'GalleryPage'),
})

const imageRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/images/$imageId',
  validateSearch: (search: Record<string, unknown>): ImageFilters & PictureSearch => ({
    ...readImageFilters(search),
    ...readPictureSearch(search),
  }),
  component: lazyRouteComponent(() => import('@/features/image/ImagePage'), 'ImagePage'),
})

const studyRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/studies/$studyId',
  validateSearch: readStudyFilters,
  component: lazyRouteComponent(() => import('@/features/exams/ExamPage'), 'ExamPage'),
})

const accountRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/account',
  component: lazyRouteComponent(() => import('@/app/AccountRoute'), 'AccountRoute'),
})

const uploadsRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/uploads',
  validateSearch: readSentSearch,
  component: lazyRouteComponent(() => import('@/features/upload/UploadsPage'), 'UploadsPage'),
})

const adminAreaRoute = createRoute({
  getParentRoute: () => frameRoute,
  id: 'admin-area',
  component: AdminFrame,
})

const adminRoute = createRoute({
  getParentRoute: () => adminAreaRoute,
  path: '/admin',
  component: lazyRouteComponent(() => import('@/features/admin/AdminPage'), 'AdminPage'),
})

interface UsersSearch extends PagePlace {
  status?: string
  role?: string
  q?: string
}

const jobsRoute = createRoute({
  getParentRoute: () => adminAreaRoute,
  path: '/admin/jobs',
  validateSearch: readJobSearch,
  component: lazyRouteComponent(() => import('@/features/jobs/JobsPage'), 'JobsPage'),
})

const usersRoute = createRoute({
  getParentRoute: () => adminAreaRoute,
  path: '/admin/users',
  validateSearch: (search: Record<string, unknown>): UsersSearch => ({
    status: typeof search.status === 'string' ? search.status : undefined,
    role: typeof search.role === 'string' ? search.role : undefined,
    q: typeof search.q === 'string' ? search.q : undefined,
    ...readPagePlace(search),
  }),
  component: lazyRouteComponent(() => import('@/features/admin/UsersPage'), 'UsersPage'),
})

/* `/health` itself is the server's answer for machines, so the page for people lies under /admin. */
const healthRoute = createRoute({
  getParentRoute: () => adminAreaRoute,
  path: '/admin/health',
  component: lazyRouteComponent(() => import('@/features/health/HealthPage'), 'HealthPage'),
})

/** The numbers are asked for while the page's own code is still on its way; the page says what went wrong. */
const analyticsRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/analytics',
  validateSearch: (search: Record<string, unknown>): AnalyticsSearch => readAnalyticsSearch(search),
  loaderDeps: ({ search: { days, from, to, tz } }) => ({ days, from, to, tz }),
  loader: ({ deps }) => {
    const me = queryClient.getQueryData(meQuery.queryKey)
    if (me?.capabilities.administer) void queryClient.prefetchQuery(dashboardQuery(rangeQueryOf(deps)))
  },
  component: lazyRouteComponent(() => import('@/features/analytics/AnalyticsPage'), 'AnalyticsPage'),
})

const personRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/analytics/users/$userId',
  validateSearch: (search: Record<string, unknown>): RangeSearch => readRangeSearch(search),
  loaderDeps: ({ search: { days, from, to, tz } }) => ({ days, from, to, tz }),
  loader: ({ deps, params }) => {
    void queryClient.prefetchQuery(userQuery(params.userId, rangeQueryOf(deps)))
  },
  component: lazyRouteComponent(() => import('@/features/analytics/PersonPage'), 'PersonPage'),
})

const qualityRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/analytics/quality',
  validateSearch: (search: Record<string, unknown>): QualitySearch => readQualitySearch(search),
  component: lazyRouteComponent(() => import('@/features/quality/QualityPage'), 'QualityPage'),
})

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    loginRoute,
    registerRoute,
    setupRoute,
    readerRoute.addChildren([readExamRoute, readImageRoute]),
    frameRoute.addChildren([
      galleryRoute,
      imageRoute,
      studyRoute,
      uploadsRoute,
      accountRoute,
      analyticsRoute,
      personRoute,
      qualityRoute,
      adminAreaRoute.addChildren([adminRoute, usersRoute, jobsRoute, healthRoute]),
    ]),
  ]),
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  // The gallery finds its place by itself, in a list that has no fixed height.
  scrollRestoration: ({ location }) => location.pathname !== '/',
  defaultPendingComponent: PageLoading,
  defaultErrorComponent: ErrorPage,
  defaultNotFoundComponent: NotFoundPage,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
