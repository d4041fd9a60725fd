/**
 * The wire shapes under the names that the page uses. They are generated from the server's own description
 * (`npm run api-types` writes schema.d.ts from openapi.json): a renamed field breaks the build, not the page.
 */
import type { components } from '@/shared/api/schema'

type Schemas = components['schemas']

export type User = Schemas['User']
export type Role = User['role']
export type UserStatus = User['status']
export type Me = Schemas['Me']

export type ImageSummary = Schemas['ImageAnswer']
export type ImageDetail = Schemas['ImageDetail']
export type ImagePage = Schemas['ImagePage']
export type Acquisition = Schemas['AcquisitionAnswer']
export type VoiCandidate = Schemas['VoiCandidateAnswer']
export type Spacing = Schemas['SpacingAnswer']
export type Technique = Schemas['TechniqueAnswer']
export type Correction = Schemas['CorrectionAnswer']
export type ImagePatch = Schemas['CorrectionRequest']
export type ImageStatus = ImageSummary['status']
export type FileType = ImageSummary['fileType']

/** Lists of jobs leave the timeline empty. */
export type Job = Schemas['JobAnswer']
export type JobState = Job['state']
export type JobEvent = Schemas['TimelineEvent']

export type QueueStats = Schemas['QueueStatsAnswer']
export type Queue = Schemas['QueueAnswer']
export type QueueWorker = Schemas['WorkerAnswer']
export type QueueChanged = Schemas['QueueChanged']
export type JobPage = Schemas['JobPage']
export type SentImage = Schemas['Upload']
export type SentPage = Schemas['UploadPage']

export type LiveJob = Schemas['JobEvent']
export type LiveSnapshot = Schemas['SnapshotEvent']
export type LiveQueues = Schemas['QueuesEvent']
export type News = Schemas['NotificationAnswer']
export type NewsPage = Schemas['NotificationPage']
export type NotificationSettings = Schemas['NotificationSettings']
export type NotificationSettingsChange = Schemas['NotificationSettingsChange']
export type WebhookTested = Schemas['WebhookTested']

export type UploadAnswer = Schemas['UploadAnswer']
export type UnfinishedUpload = Schemas['UnfinishedUpload']
export type PublicSettings = Schemas['PublicSettings']
export type Health = Schemas['Health']
export type UserPage = Schemas['UserPage']
export type OwnSession = Schemas['Session']
export type ApiToken = Schemas['ApiToken']
export type RegistrationState = Schemas['RegistrationState']
