import type { Store } from '../store/store.ts'
import type { Events } from '../telemetry/events.ts'

export interface RemoveDevicesDependencies {
  store: Pick<Store, 'removeDevice' | 'removeRecipient'>
  events: Events
}

export interface RemoveDevices {
  /** One installation of an app. */
  device(recipient: string, device: string): Promise<void>
  /** All of an account that is gone, so that a re-created account does not inherit its phones. */
  recipient(recipient: string): Promise<void>
}

/** Removing what is not there is a success: the caller may repeat itself. */
export function createRemoveDevices({ store, events }: RemoveDevicesDependencies): RemoveDevices {
  const report = (count: number) => {
    for (let index = 0; index < count; index++) events.emit('registration.changed', { change: 'removed' })
  }
  return {
    async device(recipient, device) {
      report((await store.removeDevice(recipient, device)) ? 1 : 0)
    },
    async recipient(recipient) {
      report(await store.removeRecipient(recipient))
    },
  }
}
