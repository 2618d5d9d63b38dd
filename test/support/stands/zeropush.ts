import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../src/domain/clock.ts'
import { zeropush } from '../../../src/providers/zeropush/zeropush.ts'
import { startZeroPushSimulator } from '../../../src/simulator/zeropush/zeropush-simulator.ts'
import { createAnnouncer, httpStandIn, type Words } from './http-stand.ts'
import type { Stand } from './stand.ts'

const SERVER_TOKEN = 'iosprod_SecretServerToken0'
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }

export const zeropushStand: Stand = {
  definition: zeropush,
  idOf: ({ notification }) => notification.chat.id,
  acceptsByStatus: false,
  deadStatuses: [],
  deadWhenSaid: [],
  wrongCredential: 'blocked',
  bodyOf(shown, { title }) {
    const start = shown.startsWith(`${title}: `) ? title.length : shown.indexOf('…: ') + 1
    return shown.slice(start + 2)
  },
  async start(t, clock) {
    const { tell, onReceived } = createAnnouncer()
    const simulator = await startZeroPushSimulator({
      clock,
      serverTokens: [SERVER_TOKEN],
      onShown({ token, alert, info }) {
        const { chat } = info as { chat: { id: string } }
        const text = typeof alert === 'string' ? alert : (alert as unknown as { body: string }).body
        tell({ id: chat.id, address: { token }, text })
      },
    })
    t.after(() => simulator.close())
    return {
      ...httpStandIn(simulator, zeropushWords(clock)),
      onReceived,
      secrets: [SERVER_TOKEN],
      environment: ({ url = simulator.url, credential } = {}) => ({
        RELAY_ZEROPUSH_URL: url,
        RELAY_ZEROPUSH_TOKEN: credential === 'wrong' ? 'iosprod_OfSomebodyElse' : SERVER_TOKEN,
      }),
      newAddress() {
        const token = randomBytes(32).toString('hex')
        // Else each first push takes three requests.
        simulator.devices.register(token)
        return { token }
      },
      kill: ({ token }) => simulator.devices.markInactive(String(token), clock.now()),
      wording: zeropushAnswer,
    }
  },
}

/** What any server of this API says when a push meets a mishap. */
export function zeropushWords(clock: Pick<Clock, 'now'>): Words {
  return {
    badMessage: zeropushAnswer(400, 'bad request'),
    wait(seconds) {
      const { headers, ...quotaError } = zeropushAnswer(403, 'quota error')
      const reset = seconds === undefined ? 'null' : String(clock.now() / 1000 + seconds)
      return { ...quotaError, headers: { ...headers, 'x-push-quota-reset': reset } }
    },
  }
}

export function zeropushAnswer(status: number, error: string) {
  return { status, headers: JSON_TYPE, body: JSON.stringify({ error, message: 'No.' }) }
}
