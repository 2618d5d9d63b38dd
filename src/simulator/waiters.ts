/** Lets tests wait for a state instead of sleeping. */
export interface Waiters {
  /** Resolves as soon as the predicate holds, at once if it does already; rejects when the simulator is closed first. */
  until(predicate: () => boolean): Promise<void>
  /** Something changed: look again. */
  changed(): void
  /** Rejects everybody who still waits. */
  close(): void
}

interface Waiter {
  predicate: () => boolean
  resolve: () => void
  reject: (error: Error) => void
}

export function createWaiters(): Waiters {
  const waiting = new Set<Waiter>()
  let isClosed = false
  return {
    async until(predicate) {
      if (predicate()) return
      if (isClosed) throw closedError()
      await new Promise<void>((resolve, reject) => waiting.add({ predicate, resolve, reject }))
    },
    changed() {
      for (const waiter of waiting) settle(waiting, waiter)
    },
    close() {
      isClosed = true
      for (const waiter of waiting) waiter.reject(closedError())
      waiting.clear()
    },
  }
}

/** A predicate that throws is its author's bug: it fails the wait, not the push that it looked at. */
function settle(waiting: Set<Waiter>, waiter: Waiter): void {
  try {
    if (!waiter.predicate()) return
    waiter.resolve()
  } catch (error) {
    waiter.reject(error instanceof Error ? error : new Error('predicate failed', { cause: error }))
  }
  waiting.delete(waiter)
}

function closedError(): Error {
  return new Error('the simulator was closed before this came true')
}
