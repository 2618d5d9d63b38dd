import { readFileSync } from 'node:fs'
import apn from 'apn'
import { CONSTANT_FIELDS } from '../pushes.ts'
import type { StartPusher } from './pusher.ts'

const DEVICE = '/3/device/'

/** `apn` as its guide says. Each notification is made, and compiled, once: what is compared is the way to the server. */
export const apnProvider: StartPusher = (target, pushes) => {
  const options: ProviderOptions = {
    token: { key: target.keyFile, keyId: target.keyId, teamId: target.teamId },
    address: '127.0.0.1',
    port: target.port,
    ca: [readFileSync(target.caFile)],
  }
  const provider = new apn.Provider(options)
  const prepared = pushes.map(({ path, unique, body }) => ({
    device: path.slice(DEVICE.length),
    notification: new apn.Notification({
      topic: CONSTANT_FIELDS['apns-topic'],
      pushType: CONSTANT_FIELDS['apns-push-type'],
      priority: Number(CONSTANT_FIELDS['apns-priority']),
      id: unique['apns-id'],
      collapseId: unique['apns-collapse-id'],
      expiry: Number(unique['apns-expiration']),
      rawPayload: JSON.parse(body.toString()),
    }),
  }))
  return {
    async push(index) {
      const { device, notification } = prepared[index]!
      const { sent, failed } = await provider.send(notification, device)
      if (sent.length !== 1) throw new Error(`apn failed: ${JSON.stringify(failed)}`)
    },
    close: () => new Promise(resolve => void provider.shutdown(resolve)),
  }
}

/** The options have these; their type declarations (8.1.0) lack them. */
type ProviderOptions = apn.ProviderOptions & { address: string; port: number }
