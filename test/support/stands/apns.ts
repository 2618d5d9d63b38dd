import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apns } from '../../../src/providers/apns/apns.ts'
import { generateApnsKey } from '../../../src/simulator/apns/apns-key.ts'
import { startApnsSimulator } from '../../../src/simulator/apns/apns-simulator.ts'
import type { Fault } from '../../../src/simulator/fault.ts'
import { temporaryDirectory } from '../temporary-directory.ts'
import { secretPart, serverIdentity } from './credentials.ts'
import { DELAY_MS, type Mishap, type Stand } from './stand.ts'

const TOPIC = 'com.example.chat'

export const apnsStand: Stand = {
  definition: apns,
  idOf: ({ deliveryId }) => deliveryId,
  acceptsByStatus: true,
  deadStatuses: [],
  deadWhenSaid: [],
  wrongCredential: 'blocked',
  async start(t, clock) {
    const identity = await serverIdentity
    const key = generateApnsKey()
    const stranger = generateApnsKey().privateKey
    const simulator = await startApnsSimulator({
      keys: [key],
      identity,
      topics: [TOPIC],
      tokenUpdateWindowMs: 0,
      clock,
    })
    t.after(() => simulator.close())
    const directory = temporaryDirectory(t)
    const file = (name: string, content: string) => {
      const path = join(directory, name)
      writeFileSync(path, content)
      return path
    }
    const caFile = file('ca.pem', identity.ca)
    return {
      url: simulator.url,
      identity,
      secrets: [secretPart(key.privateKey)],
      environment: ({ url = simulator.url, credential } = {}) => ({
        RELAY_APNS_KEY_FILE: file('key.p8', credential === 'wrong' ? stranger : key.privateKey),
        RELAY_APNS_KEY_ID: key.keyId,
        RELAY_APNS_TEAM_ID: key.teamId,
        RELAY_APNS_TOPICS: TOPIC,
        RELAY_APNS_URL: url,
        RELAY_APNS_CA_FILE: caFile,
      }),
      newAddress: () => ({ token: randomBytes(32).toString('hex') }),
      onReceived: listener =>
        simulator.events.on('push', (token, { apnsId, body = '' }) =>
          listener({ id: apnsId, address: { token }, text: body }),
        ),
      requests: () => {
        const { accepted, strikes, refusals } = simulator.stats()
        return Object.values(refusals).reduce((sum, count) => sum + count, accepted + strikes)
      },
      openConnections: () => simulator.stats().connections.open,
      until: predicate => simulator.until(predicate),
      kill: ({ token }) => simulator.deviceTokens.set(String(token), { unregisteredAt: clock.now() }),
      next: mishap => void simulator.faults.add({ ...faultOf(mishap), times: 1 }),
      always: mishap => void simulator.faults.add(faultOf(mishap)),
      calm: () => simulator.faults.clear(),
      wording: (status, reason) => ({ status, body: JSON.stringify({ reason }) }),
      drain: () => simulator.goaway({ double: true }),
      async vanish() {
        simulator.refuseConnections()
        simulator.dropConnections()
      },
      comeBack: () => simulator.acceptConnections(),
    }
  },
}

function faultOf(mishap: Mishap): Fault {
  switch (mishap.kind) {
    case 'bad-message':
      return { action: 'answer', status: 400, reason: 'PayloadEmpty' }
    case 'wait': {
      const { seconds } = mishap
      return {
        action: 'answer',
        status: 429,
        reason: 'TooManyRequests',
        ...(seconds === undefined ? {} : { retryAfter: String(seconds) }),
      }
    }
    case 'delay':
      return { action: 'delay', delayMs: DELAY_MS }
    case 'hang':
      return { action: 'hang' }
    case 'reset':
      return { action: 'drop', shown: mishap.received }
  }
}
