import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { request } from '@/shared/api/client'
import type { components } from '@/shared/api/schema'
import { askOf, type QualityQuery } from './qualitySearch'

type Schemas = components['schemas']
export type Overview = Schemas['QualityOverview']
export type Dose = Schemas['DoseByThickness']
export type Compression = Schemas['Compression']
export type CompressionGroup = Schemas['CompressionGroup']
export type Technique = Schemas['TechniqueMix']
export type TechniqueGroup = Schemas['TechniqueGroup']
export type Material = Schemas['Material']
export type Spread = Schemas['Spread']
export type Bin = Schemas['Bin']
export type Completeness = Schemas['Completeness']
export type CompletenessGroup = Schemas['CompletenessGroup']
export type Headers = Schemas['MissingInHeaders']
export type Exams = Schemas['QualityExams']
export type Exam = Schemas['QualityExam']
export type ReferenceCurves = Schemas['ReferenceCurves']
export type Curve = ReferenceCurves['curves'][number]

/** What the exams behind a number have in common; see `/api/docs`. */
export type Behind = Record<string, string | number>

/* Another choice keeps the numbers of the one before on the page until its own are there. */
function ranged<T>(path: string, query: QualityQuery) {
  return queryOptions({
    queryKey: ['quality', path, query],
    queryFn: ({ signal }) => request<T>(askOf(path, query), { signal }),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  })
}

export const overviewQuery = (query: QualityQuery) => ranged<Overview>('', query)
export const doseQuery = (query: QualityQuery) => ranged<Dose>('/dose', query)
export const compressionQuery = (query: QualityQuery) => ranged<Compression>('/compression', query)
export const techniqueQuery = (query: QualityQuery) => ranged<Technique>('/technique', query)
export const completenessQuery = (query: QualityQuery) => ranged<Completeness>('/completeness', query)
export const headersQuery = (query: QualityQuery) => ranged<Headers>('/headers', query)

export const curvesQuery = queryOptions({
  queryKey: ['quality', 'curves'],
  queryFn: ({ signal }) => request<ReferenceCurves>('/api/quality/curves', { signal }),
})

export function fetchExams(
  query: QualityQuery,
  behind: Behind,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<Exams> {
  return request<Exams>(askOf('/exams', { ...query, ...behind, cursor, limit: 20 }), { signal })
}

export function changeCurves(curves: Curve[] | null, version: number): Promise<ReferenceCurves> {
  return request<ReferenceCurves>('/api/quality/curves', { method: 'PUT', body: { curves, version } })
}

export function csvLink(path: string, panel: string, query: QualityQuery): string {
  return askOf(path, { ...query, format: 'csv', panel })
}
