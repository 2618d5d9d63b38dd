import type { Clock } from '../domain/clock.ts'
import type { AcceptOfflineMessages } from '../intake/accept-offline-message.ts'
import { errors } from './errors.ts'

/** A public module holds its sender until it is answered (it knows no timeout): not even a disk that hangs may do that. */
const ACCEPT_DEADLINE_MS = 10_000

/**
 * Rejects with RELAY_TIMEOUT when a commit takes longer; what commits later is pushed all the same, so that a
 * repeated post is a duplicate push, unless it has the same id and comes within RELAY_DEDUPE_WINDOW. Fastify's own handlerTimeout aborts an AbortController per request, with an error and its
 * stack, also of those that were in time: a quarter of the CPU of a single post (measured).
 */
export function withDeadline(
  accept: AcceptOfflineMessages,
  clock: Pick<Clock, 'after'>,
): AcceptOfflineMessages {
  return messages => inTime(accept(messages), clock)
}

/** The same for whatever is one commit. */
export function inTime<T>(commit: Promise<T>, clock: Pick<Clock, 'after'>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ACCEPT_DEADLINE_MS, () => reject(new errors.handlerTimeout()))
    commit.then(resolve, reject).finally(cancel)
  })
}
