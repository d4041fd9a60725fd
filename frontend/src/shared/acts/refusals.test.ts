import { expect, test } from 'vitest'
import { refusalsInWords } from '@/shared/acts/refusals'

function refused(id: number, detail: string) {
  return { id, code: 'x', detail }
}

test('nothing refused needs no word', () => {
  expect(refusalsInWords({ done: [1], refused: [] }, 'image', 'deleted')).toBeNull()
})

test('one thing alone is not counted', () => {
  const end = { done: [], refused: [refused(1, 'It is not yours.')] }
  expect(refusalsInWords(end, 'image', 'deleted')).toBe('The image could not be deleted: It is not yours.')
})

test('the same reason is told once', () => {
  const end = { done: [1, 2], refused: [refused(3, 'Not yours.'), refused(4, 'Not yours.')] }
  expect(refusalsInWords(end, 'image', 'deleted')).toBe('2 of 4 images could not be deleted: Not yours.')
})

test('several reasons come with their numbers, the most frequent first, and not all of them', () => {
  const end = {
    done: [],
    refused: [refused(1, 'A.'), refused(2, 'B.'), refused(3, 'B.'), refused(4, 'C.'), refused(5, 'D.')],
  }
  expect(refusalsInWords(end, 'user', 'disabled')).toBe(
    '5 of 5 users could not be disabled: B. (2) A. (1) and 2 other reasons.',
  )
})
