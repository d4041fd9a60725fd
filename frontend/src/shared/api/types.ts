/** The wire shapes of the server, as `/api/openapi.json` describes them. Times are ISO 8601 UTC. */

export type Role = 'admin' | 'radiologist' | 'technologist' | 'user'
export type UserStatus = 'pending' | 'active' | 'disabled'

export interface User {
  id: number
  email: string
  name: string
  role: Role
  status: UserStatus
  createdAt: string
  lastLoginAt: string | null
  lastActivityAt: string | null
}

export interface Capabilities {
  upload: boolean
  correct: boolean
  administer: boolean
  seesEveryImage: boolean
}

export interface Me {
  user: User
  authentication: 'session' | 'token'
  capabilities: Capabilities
}

export type ImageStatus = 'pending' | 'processing' | 'ready' | 'rejected' | 'failed'
export type FileType = 'dicom' | 'png' | 'jpeg' | 'tiff'

export interface ImageLinks {
  self: string
  png: string | null
  thumbnail256: string | null
  thumbnail512: string | null
  file: string
  tags: string | null
}

export interface ImageSummary {
  id: number
  createdAt: string
  fileType: FileType
  originalName: string
  byteCount: number
  sha256: string
  status: ImageStatus
  reasonCode: string | null
  reason: string | null
  userId: number
  uploaderName: string | null
  jobId: string
  studyId: number | null
  modality: string | null
  laterality: string | null
  lateralitySource: string | null
  viewPosition: string | null
  viewPositionSource: string | null
  acquiredAt: string | null
  patientId: string | null
  patientName: string | null
  rows: number | null
  columns: number | null
  numberOfFrames: number | null
  presentationIntentType: string | null
  conflictsWith: number | null
  voiSource: string | null
  warnings: string[]
  links: ImageLinks
  thumbnailWidth: number | null
  thumbnailHeight: number | null
}

export interface Study {
  id: number
  studyInstanceUid: string
  studyDescription: string | null
  studyAt: string | null
  accessionNumber: string | null
}

export interface Series {
  id: number
  seriesInstanceUid: string
  seriesDescription: string | null
  modality: string | null
  manufacturer: string | null
  stationName: string | null
}

export interface DicomFacts {
  sopClassUid: string | null
  sopInstanceUid: string | null
  transferSyntaxUid: string | null
  photometricInterpretation: string | null
  bitsStored: number | null
  instanceNumber: number | null
}

export interface ImageDetail extends ImageSummary {
  study: Study | null
  series: Series | null
  job: Job | null
  dicom: DicomFacts | null
}

export interface ImagePage {
  images: ImageSummary[]
  nextCursor: string | null
  prevCursor: string | null
  hasMore: boolean
  limit: number
}

export type JobState =
  'pending' | 'waiting' | 'active' | 'delayed' | 'completed' | 'rejected' | 'failed' | 'cancelled'

export interface JobEvent {
  at: string
  event: string
  attempt?: number | null
  worker?: string | null
  durationMs?: number | null
  detail?: string | null
}

export interface Job {
  id: string
  name: string
  queue: string
  state: JobState
  attemptsMade: number
  attempts: number
  progress: number
  errorCode: string | null
  error: string | null
  imageId: number
  createdAt: string
  updatedAt: string
  finishedAt: string | null
  timeline?: JobEvent[]
}

export interface UploadedImage {
  id: number
  jobId: string
  status: ImageStatus
  sha256: string
  duplicate: boolean
  name: string
}

export interface RefusedFile {
  name: string
  code: string
  detail: string
}

export interface UploadAnswer {
  images: UploadedImage[]
  rejected: RefusedFile[]
}

export interface PublicSettings {
  maxUploadBytes: number
  maxFilesPerRequest: number
  version: string
}
