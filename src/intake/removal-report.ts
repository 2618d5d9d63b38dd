import type { RemoveResult } from '../store/store.ts'
import type { Events } from '../telemetry/events.ts'

/** Tells of each registration that is gone, and of each message that ended with it. */
export function createRemovalReport(events: Events): (result: RemoveResult) => void {
  return ({ removed, settled }) => {
    for (let index = 0; index < removed; index++) events.emit('registration.changed', { change: 'removed' })
    for (const { id, state } of settled) events.emit('message.settled', { messageId: id, state })
  }
}
