import { useState } from 'react'
import { messageOf } from '@/shared/api/client'
import { announceImages } from '@/shared/api/imageEvents'
import { reread } from '@/shared/api/queries'
import { plural } from '@/shared/format/numbers'
import { offerUndo, toast } from '@/shared/ui/Toasts'
import { dismissSuggestion, groupStudies, suggestAgain, ungroupStudies } from './api'

export interface Grouping {
  isBusy: boolean
  group: (studyIds: readonly number[]) => Promise<boolean>
  takeOut: (memberId: number) => Promise<boolean>
  dismiss: (studyIds: readonly number[]) => Promise<boolean>
}

/** What a person may say about which studies are one exam: done at once, undone for ten seconds, never asked first. */
export function useGrouping(studyId: number): Grouping {
  const [isBusy, setBusy] = useState(false)
  async function act(work: () => Promise<void>): Promise<boolean> {
    setBusy(true)
    try {
      await work()
      await rereadExams()
      return true
    } catch (error) {
      toast(messageOf(error))
      return false
    } finally {
      setBusy(false)
    }
  }
  return {
    isBusy,
    group: (studyIds) =>
      act(async () => {
        await groupStudies(studyId, studyIds)
        offerUndo(`${plural(studyIds.length + 1, 'study', 'studies')} grouped as one exam.`, async () => {
          await ungroupStudies(studyId, studyIds)
          await rereadExams()
          return 'They are separate exams again.'
        })
      }),
    takeOut: (memberId) =>
      act(async () => {
        await ungroupStudies(studyId, [memberId])
        offerUndo('The study is an exam of its own again.', async () => {
          await groupStudies(studyId, [memberId])
          await rereadExams()
          return 'They are one exam, as before.'
        })
      }),
    dismiss: (studyIds) =>
      act(async () => {
        await dismissSuggestion(studyId, studyIds)
        offerUndo('Not suggested any more. They can still be grouped by hand.', async () => {
          await suggestAgain(studyId, studyIds)
          await rereadExams()
          return 'Suggested again.'
        })
      }),
  }
}

/** Lists of exams, the exams themselves, and the gallery. */
async function rereadExams(): Promise<void> {
  announceImages({ kind: 'changed', imageIds: [] })
  await Promise.all([reread(['study']), reread(['studies'])])
}
