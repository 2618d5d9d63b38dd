import { randomBytes } from 'node:crypto'
import { prowl } from '../../../src/providers/prowl/prowl.ts'
import { refusal } from '../../../src/simulator/prowl/answer.ts'
import { startProwlSimulator } from '../../../src/simulator/prowl/prowl-simulator.ts'
import { createAnnouncer, httpStandIn } from './http-stand.ts'
import type { Stand } from './stand.ts'

const XML = { 'content-type': 'text/xml; charset=utf-8' }

export const prowlStand: Stand = {
  definition: prowl,
  idOf: () => undefined,
  acceptsByStatus: false,
  deadStatuses: [],
  deadWhenSaid: [401],
  wrongCredential: undefined,
  async start(t, clock) {
    const { tell, onReceived } = createAnnouncer()
    const simulator = await startProwlSimulator({
      clock,
      callLimit: 1_000_000,
      onShown: ({ key, description = '' }) =>
        tell({ id: undefined, address: { token: key }, text: description }),
    })
    t.after(() => simulator.close())
    const words = {
      badMessage: {
        headers: XML,
        ...refusal(400, 'Bad request, the parameters you provided did not validate'),
      },
      // Prowl itself never says for how long; what stands in front of it may.
      wait: (seconds: number | undefined) =>
        seconds === undefined
          ? { headers: XML, ...refusal(406, 'Not accepted, your IP address has exceeded the API limit.') }
          : { status: 429, headers: { 'retry-after': String(seconds) } },
    }
    return {
      ...httpStandIn(simulator, words),
      onReceived,
      secrets: [],
      environment: ({ url = simulator.url } = {}) => ({ RELAY_PROWL: 'on', RELAY_PROWL_URL: url }),
      newAddress: () => ({ token: randomBytes(20).toString('hex') }),
      kill: ({ token }) => simulator.revoke(String(token)),
      wording: (status, word) => ({
        status,
        headers: XML,
        body: `<?xml version="1.0" encoding="UTF-8"?>\n<prowl><error code="${status}">${word}</error></prowl>`,
      }),
    }
  },
}
