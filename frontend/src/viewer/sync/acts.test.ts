import { beforeEach, describe, expect, it } from 'vitest'
import { History } from '@/viewer/tools/History'
import { Acts } from './acts'

describe('what was done to the look of the pictures', () => {
  let look = { scale: 1, width: 100 }
  let now = 0
  let drawn: string[] = []
  let history = new History()
  let acts = make()

  function make() {
    return new Acts(
      history,
      () => look,
      (one) => {
        look = one
      },
      () => now,
    )
  }

  beforeEach(() => {
    look = { scale: 1, width: 100 }
    now = 0
    drawn = []
    history = new History()
    acts = make()
  })

  const zoom = (to: number) =>
    acts.run('zoom', { burst: 'move' }, () => {
      look = { ...look, scale: to }
    })
  const drag = (number: number, to: number) =>
    acts.run('window', { drag: number }, () => {
      look = { ...look, width: to }
    })
  const draw = (name: string) => {
    drawn.push(name)
    history.push({ title: name, undo: () => void drawn.pop(), redo: () => void drawn.push(name) })
  }

  it('is one act as long as one drag lasts, and another for the next drag', () => {
    drag(1, 110)
    now += 5_000
    drag(1, 120)
    drag(2, 130)
    history.undo()
    expect(look.width).toBe(120)
    history.undo()
    expect(look.width).toBe(100)
    expect(history.undo()).toBeNull()
    history.redo()
    history.redo()
    expect(look.width).toBe(130)
  })

  it('is one act for a burst of the wheel or of a key, however long, and another after a rest', () => {
    for (let turn = 1; turn <= 10; turn += 1) {
      zoom(1 + turn)
      now += 300
    }
    now += 1_000
    zoom(20)
    history.undo()
    expect(look.scale).toBe(11)
    history.undo()
    expect(look.scale).toBe(1)
    history.redo()
    expect(look.scale).toBe(11)
  })

  it('stands in one order with what was drawn', () => {
    drag(1, 200)
    draw('length')
    zoom(2)
    draw('angle')
    zoom(3)
    const states = [{ ...look, drawn: [...drawn] }]
    while (history.undo()) states.push({ ...look, drawn: [...drawn] })
    expect(states.map(({ scale, width }) => [scale, width])).toEqual([
      [3, 200],
      [2, 200],
      [2, 200],
      [1, 200],
      [1, 200],
      [1, 100],
    ])
    expect(states.map((state) => state.drawn.length)).toEqual([2, 2, 1, 1, 0, 0])
    while (history.redo()) states.pop()
    expect({ ...look, drawn }).toEqual({ scale: 3, width: 200, drawn: ['length', 'angle'] })
  })

  it('is nothing where nothing became different', () => {
    zoom(1)
    expect(history.undo()).toBeNull()
  })

  it('never merges with what was taken back, and what follows leaves nothing to do again', () => {
    zoom(2)
    history.undo()
    zoom(3)
    expect(history.redo()).toBeNull()
    history.undo()
    expect(look.scale).toBe(1)
  })

  it('is forgotten when something else is opened', () => {
    zoom(2)
    acts.clear()
    zoom(3)
    history.undo()
    expect(look.scale).toBe(2)
    expect(history.undo()).toBeNull()
  })
})
