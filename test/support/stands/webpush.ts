import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateVapidKeys } from '../../../src/providers/webpush/vapid-keys.ts'
import { webpush } from '../../../src/providers/webpush/webpush.ts'
import { startWebPushSimulator } from '../../../src/simulator/webpush/webpush-simulator.ts'
import { temporaryDirectory } from '../temporary-directory.ts'
import { serverIdentity } from './credentials.ts'
import { createAnnouncer, httpStandIn } from './http-stand.ts'
import type { Stand } from './stand.ts'

export const webpushStand: Stand = {
  definition: webpush,
  // A later notification with the same tag takes the place of the earlier.
  idOf: ({ notification }) => notification.collapseId,
  acceptsByStatus: true,
  // RFC 8030 §7.3, and what services do.
  deadStatuses: [404, 410],
  deadWhenSaid: [],
  wrongCredential: 'misaddressed',
  async start(t, clock) {
    const identity = await serverIdentity
    const { tell, onReceived } = createAnnouncer()
    const simulator = await startWebPushSimulator({ clock, identity })
    t.after(() => simulator.close())
    const caFile = join(temporaryDirectory(t), 'ca.pem')
    writeFileSync(caFile, identity.ca)
    const [own, other] = [generateVapidKeys(), generateVapidKeys()]
    const json = { 'content-type': 'application/json' }
    return {
      ...httpStandIn(simulator, {
        badMessage: { status: 400, headers: json, body: '{"code":400,"errno":110,"error":"Bad Request"}' },
        wait: seconds => ({
          status: 429,
          headers: { ...json, ...(seconds === undefined ? {} : { 'retry-after': String(seconds) }) },
        }),
      }),
      identity,
      onReceived,
      secrets: [own.privateKey],
      environment({ url = simulator.url, credential } = {}) {
        const keys = credential === 'wrong' ? other : own
        return {
          RELAY_WEBPUSH_PUBLIC_KEY: keys.publicKey,
          RELAY_WEBPUSH_PRIVATE_KEY: keys.privateKey,
          RELAY_WEBPUSH_SUBJECT: 'mailto:operator@example.org',
          RELAY_WEBPUSH_ALLOWED_ORIGINS: url,
          RELAY_WEBPUSH_CA_FILE: caFile,
        }
      },
      newAddress(url = simulator.url) {
        const { endpoint, keys } = simulator.subscribe({
          kind: 'apple',
          applicationServerKey: own.publicKey,
          onMessage({ text }) {
            const { tag, body } = JSON.parse(text) as { tag: string; body: string }
            tell({ id: tag, address: { endpoint, keys }, text: body })
          },
        })
        return { endpoint: endpoint.replace(simulator.url, url), keys }
      },
      kill: ({ endpoint }) => simulator.unsubscribe({ endpoint: String(endpoint) }),
      wording: (status, reason) => ({ status, headers: json, body: JSON.stringify({ reason }) }),
    }
  },
}
