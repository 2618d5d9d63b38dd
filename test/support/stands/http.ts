import { randomUUID } from 'node:crypto'
import { http } from '../../../src/providers/http/http.ts'
import { startWebhookSimulator } from '../../../src/simulator/http/webhook-simulator.ts'
import { createAnnouncer, httpStandIn } from './http-stand.ts'
import type { Stand } from './stand.ts'

const KEY = 'the secret of this webhook, 32 b'
const SECRET = `whsec_${Buffer.from(KEY).toString('base64')}`
const OTHER_SECRET = `whsec_${Buffer.from('another secret, 32 bytes as well').toString('base64')}`
const PLACE = '/push?from=relay'

export const httpProviderStand: Stand = {
  definition: http,
  idOf: ({ deliveryId }) => deliveryId,
  acceptsByStatus: true,
  deadStatuses: [410],
  deadWhenSaid: [],
  wrongCredential: 'blocked',
  async start(t, clock) {
    const { tell, onReceived } = createAnnouncer()
    const simulator = await startWebhookSimulator({
      clock,
      secret: SECRET,
      place: PLACE,
      onTaken: ({ id, device: { token }, notification: { body } }) =>
        tell({ id, address: { token }, text: body }),
    })
    t.after(() => simulator.close())
    return {
      ...httpStandIn(simulator, {
        badMessage: { status: 422 },
        wait: seconds => ({
          status: 429,
          ...(seconds === undefined ? {} : { headers: { 'retry-after': String(seconds) } }),
        }),
      }),
      onReceived,
      secrets: [KEY, SECRET.slice('whsec_'.length)],
      environment: ({ url = simulator.url, credential } = {}) => ({
        RELAY_HTTP_URL: `${url}${PLACE}`,
        RELAY_HTTP_SECRET: credential === 'wrong' ? OTHER_SECRET : SECRET,
      }),
      newAddress: () => ({ token: randomUUID() }),
      kill: ({ token }) => void simulator.deadTokens.add(String(token)),
      // Its words are for people: the relay looks at the status only.
      wording: status => ({ status }),
    }
  },
}
