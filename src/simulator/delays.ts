import type { Clock } from '../domain/clock.ts'

export interface Delays {
  /** False: it was closed first. */
  wait(delayMs: number): Promise<boolean>
  /** Ends every wait. */
  close(): void
}

export function createDelays(clock: Clock): Delays {
  const waiting = new Set<(isOver: boolean) => void>()
  return {
    wait(delayMs) {
      return new Promise(resolve => {
        const end = (isOver: boolean) => {
          cancel()
          waiting.delete(end)
          resolve(isOver)
        }
        const cancel = clock.after(delayMs, () => end(true))
        waiting.add(end)
      })
    },
    close() {
      for (const end of waiting) end(false)
    },
  }
}
