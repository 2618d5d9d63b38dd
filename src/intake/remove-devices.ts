import type { Clock } from '../domain/clock.ts'
import type { RemoveResult, Store } from '../store/store.ts'
import type { Events } from '../telemetry/events.ts'

export interface RemoveDevicesDependencies {
  store: Pick<Store, 'removeDevice' | 'removeRecipient'>
  events: Events
  clock: Pick<Clock, 'now'>
}

export interface RemoveDevices {
  /** One installation of an app. */
  device(recipient: string, device: string): Promise<void>
  /** All of an account that is gone, so that a re-created account does not inherit its phones. */
  recipient(recipient: string): Promise<void>
}

/** Removing what is not there is a success: the caller may repeat itself. */
export function createRemoveDevices({ store, events, clock }: RemoveDevicesDependencies): RemoveDevices {
  const report = ({ removed, settled }: RemoveResult) => {
    for (let index = 0; index < removed; index++) events.emit('registration.changed', { change: 'removed' })
    for (const { id, state } of settled) events.emit('message.settled', { messageId: id, state })
  }
  return {
    async device(recipient, device) {
      report(await store.removeDevice(recipient, device, clock.now()))
    },
    async recipient(recipient) {
      report(await store.removeRecipient(recipient, clock.now()))
    },
  }
}
