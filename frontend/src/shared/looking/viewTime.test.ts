import { expect, test } from 'vitest'
import { ViewTime } from './viewTime'

/** A picture on a page whose clock, tab and person do as they are told. */
function looking() {
  const sent: number[] = []
  const page = { now: 0, isVisible: true }
  const time = new ViewTime({
    now: () => page.now,
    isVisible: () => page.isVisible,
    send: (seconds) => sent.push(seconds),
  })
  const pass = (seconds: number, step = 1) => {
    for (let passed = 0; passed < seconds; passed += step) {
      page.now += step * 1000
      time.tick()
    }
  }
  const show = (isVisible: boolean) => {
    page.isVisible = isVisible
    time.turn(!isVisible)
  }
  return { sent, time, pass, show }
}

test('what was looked at is told every fifteen seconds, and the rest at the end', () => {
  const { sent, time, pass } = looking()
  pass(34)
  expect(sent).toEqual([15, 15])
  time.turn(true)
  expect(sent).toEqual([15, 15, 4])
})

test('a hidden tab does not count, and hiding it tells what was seen before', () => {
  const { sent, time, pass, show } = looking()
  pass(7)
  show(false)
  expect(sent).toEqual([7])
  pass(40)
  show(true)
  time.input()
  pass(15)
  expect(sent).toEqual([7, 15])
})

test('a person who has not stirred for a minute is not looking', () => {
  const { sent, time, pass } = looking()
  pass(90)
  expect(sent.reduce((sum, one) => sum + one, 0)).toBe(60)
  time.input()
  pass(15)
  expect(sent.reduce((sum, one) => sum + one, 0)).toBe(75)
})

test('a machine that slept was not looked at', () => {
  const { sent, time, pass } = looking()
  pass(5)
  pass(600, 600)
  time.input()
  pass(5)
  time.turn(true)
  expect(sent.reduce((sum, one) => sum + one, 0)).toBe(10)
})

test('parts of a second are kept for the next time', () => {
  const { sent, time, pass } = looking()
  pass(1.5, 0.5)
  time.turn(true)
  pass(0.5, 0.5)
  time.turn(true)
  expect(sent).toEqual([1, 1])
})
