/**
 * Runs `work` soon after it is asked for, and however often that is, at most once in `pauseMilliseconds`: a bulk of
 * events becomes one question to the server. What is asked for while one runs is done after it.
 */
export function calmly(
  work: () => unknown,
  pauseMilliseconds: number,
): { ask: () => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | null = null
  let isAsked = false
  function run(): void {
    isAsked = false
    work()
    timer = setTimeout(() => {
      timer = null
      if (isAsked) run()
    }, pauseMilliseconds)
  }
  return {
    ask() {
      isAsked = true
      // A moment, so that what comes together is one.
      timer ??= setTimeout(run, Math.min(100, pauseMilliseconds))
    },
    stop() {
      if (timer !== null) clearTimeout(timer)
      timer = null
      isAsked = false
    },
  }
}
