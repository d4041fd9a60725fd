import { expect, test } from 'vitest'
import { newItem, type UploadItem, type UploadState } from './uploadItem'
import { orderForTray, SpeedMeter, totalsOf } from './uploadTotals'

function item(id: number, state: UploadState, sentByteCount = 0): UploadItem {
  return { ...newItem(id, `${id}.dcm`, 100), state, sentByteCount }
}

test('what was refused counts neither in the sum nor in what is sent', () => {
  const totals = totalsOf([item(1, 'ready', 100), item(2, 'sending', 40), item(3, 'refused')])
  expect(totals).toMatchObject({
    count: 3,
    byteCount: 200,
    sentByteCount: 140,
    unsent: 1,
    troubles: 1,
    over: 2,
  })
  expect(totals.isWorking).toBe(true)
})

test('what waits for its file is no work, and what is paused is', () => {
  const interrupted = { ...item(1, 'interrupted', 50), isResumable: true }
  expect(totalsOf([interrupted])).toMatchObject({ isWorking: false, unsent: 0, beingSent: 0, byteCount: 0 })
  const totals = totalsOf([interrupted, item(2, 'paused', 10), item(3, 'ready', 100)])
  expect(totals).toMatchObject({ isWorking: true, unsent: 1, beingSent: 2, sent: 1, byteCount: 200 })
})

test('nothing is at work when all have ended', () => {
  expect(totalsOf([item(1, 'ready', 100), item(2, 'failed')]).isWorking).toBe(false)
  expect(totalsOf([]).isWorking).toBe(false)
})

test('the tray shows first what needs a person, then what moves', () => {
  const items = [
    item(1, 'ready'),
    item(2, 'waiting'),
    item(3, 'failed'),
    item(4, 'sending'),
    item(5, 'processing'),
  ]
  expect(orderForTray(items).map((index) => items[index]?.id)).toEqual([3, 4, 5, 2, 1])
})

test('speed is the mean of the last seconds', () => {
  const meter = new SpeedMeter()
  meter.add(0, 0)
  expect(meter.bytesPerSecond()).toBeNull()
  meter.add(1000, 1000)
  meter.add(2000, 3000)
  expect(meter.bytesPerSecond()).toBe(1500)
  meter.add(9000, 10_000)
  expect(meter.bytesPerSecond()).toBe(1000)
})

test('a retry that takes bytes back starts the measurement anew', () => {
  const meter = new SpeedMeter()
  meter.add(0, 5000)
  meter.add(1000, 6000)
  meter.add(2000, 100)
  expect(meter.bytesPerSecond()).toBeNull()
})
