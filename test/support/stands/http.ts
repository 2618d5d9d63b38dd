import { randomUUID } from 'node:crypto'
import { http } from '../../../src/providers/http/http.ts'
import { startWebhookSimulator } from '../../../src/simulator/http/webhook-simulator.ts'
import { createAnnouncer, httpStandIn } from './http-stand.ts'
import type { Stand } from './stand.ts'

const SECRET = `whsec_${Buffer.alloc(32, 'k').toString('base64')}`

export const httpProviderStand: Stand = {
  definition: http,
  idOf: ({ deliveryId }) => deliveryId,
  acceptsByStatus: true,
  deadStatuses: [410],
  deadWhenSaid: [],
  hasCredential: true,
  async start(t, clock) {
    const { tell, onReceived } = createAnnouncer()
    const simulator = await startWebhookSimulator({
      secret: SECRET,
      place: '/',
      clock,
      onTaken: ({ id, device, notification }) =>
        tell({ id, address: { token: device.token }, text: notification.body }),
    })
    t.after(() => simulator.close())
    const words = {
      badMessage: { status: 422 },
      wait: (seconds: number | undefined) => ({
        status: 429,
        headers: seconds === undefined ? {} : { 'retry-after': String(seconds) },
      }),
    }
    return {
      ...httpStandIn(simulator, words),
      onReceived,
      secrets: [SECRET, SECRET.slice(6)],
      environment: ({ url = simulator.url, credential } = {}) => ({
        RELAY_HTTP_URL: url,
        RELAY_HTTP_SECRET: credential === 'wrong' ? 'x'.repeat(32) : SECRET,
      }),
      newAddress: () => ({ token: randomUUID() }),
      kill: ({ token }) => void simulator.deadTokens.add(String(token)),
      // Its answers have no words.
      wording: status => ({ status }),
    }
  },
}
