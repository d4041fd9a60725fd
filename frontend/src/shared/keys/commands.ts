import { useEffect, useRef } from 'react'
import { create } from 'zustand'
import { KeyMatcher, type KeySpec } from '@/shared/keys/keymap'

/** One thing the page can do by a key. Pages register theirs while they are shown; `?` lists them all. */
export interface Command {
  id: string
  title: string
  group: string
  keys: readonly KeySpec[]
  run: () => void
}

const useRegistry = create<{ commands: ReadonlyMap<string, Command> }>(() => ({ commands: new Map() }))

export function useAllCommands(): Command[] {
  return [...useRegistry((state) => state.commands).values()]
}

export function runCommand(id: string): void {
  useRegistry.getState().commands.get(id)?.run()
}

/** Registers while mounted. The newest `run` is used, so callers need not memoise their handlers. */
export function useCommands(commands: readonly Command[]): void {
  const latest = useRef(commands)
  useEffect(() => {
    latest.current = commands
  })
  const signature = commands
    .map((command) => `${command.id}\n${command.title}\n${command.keys.join(',')}`)
    .join('\n\n')
  useEffect(() => {
    const registered = latest.current.map((command, index) => ({
      ...command,
      run: () => latest.current[index]?.run(),
    }))
    useRegistry.setState((state) => {
      const next = new Map(state.commands)
      for (const command of registered) next.set(command.id, command)
      return { commands: next }
    })
    return () => {
      useRegistry.setState((state) => {
        const next = new Map(state.commands)
        for (const command of registered) if (next.get(command.id) === command) next.delete(command.id)
        return { commands: next }
      })
    }
  }, [signature])
}

function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable) return true
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button'].includes(target.type)
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
}

/** A dialog or menu owns the keyboard while it is open. */
function isCovered(): boolean {
  return (
    document.querySelector(
      '[role="dialog"][data-state="open"], [role="alertdialog"][data-state="open"], [role="menu"]',
    ) !== null
  )
}

/** The one listener of the page. */
export function useKeyboard(): void {
  useEffect(() => {
    const matcher = new KeyMatcher()
    function onKeyDown(event: KeyboardEvent): void {
      if (event.defaultPrevented || isCovered()) return
      const commands = [...useRegistry.getState().commands.values()]
      const specs = new Set(commands.flatMap((command) => command.keys))
      const spec = matcher.match(
        {
          key: event.key,
          ctrlKey: event.ctrlKey,
          metaKey: event.metaKey,
          altKey: event.altKey,
          inField: isField(event.target),
          atMilliseconds: event.timeStamp,
        },
        specs,
      )
      if (spec === null) return
      event.preventDefault()
      // The command registered last is the nearest one: a page's own key wins over the frame's.
      commands.findLast((command) => command.keys.includes(spec))?.run()
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [])
}
