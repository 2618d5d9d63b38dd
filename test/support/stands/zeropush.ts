import { randomBytes } from 'node:crypto'
import { zeropush } from '../../../src/providers/zeropush/zeropush.ts'
import { startZeroPushSimulator } from '../../../src/simulator/zeropush/zeropush-simulator.ts'
import { createAnnouncer, httpStandIn } from './http-stand.ts'
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
        tell({ id: chat.id, address: { token }, text: String(alert) })
      },
    })
    t.after(() => simulator.close())
    const words = {
      badMessage: answerOf(400, 'bad request'),
      wait(seconds: number | undefined) {
        const { headers, ...quotaError } = answerOf(403, 'quota error')
        const reset = seconds === undefined ? 'null' : String(clock.now() / 1000 + seconds)
        return { ...quotaError, headers: { ...headers, 'x-push-quota-reset': reset } }
      },
    }
    return {
      ...httpStandIn(simulator, words),
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
      wording: answerOf,
    }
  },
}

function answerOf(status: number, error: string) {
  return { status, headers: JSON_TYPE, body: JSON.stringify({ error, message: 'No.' }) }
}
