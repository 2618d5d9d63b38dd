import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fcm } from '../../../src/providers/fcm/fcm.ts'
import type { Fault } from '../../../src/simulator/fault.ts'
import { startFcmSimulator } from '../../../src/simulator/fcm/fcm-simulator.ts'
import { fcmError, googleErrorBody } from '../../../src/simulator/fcm/google-error.ts'
import { generateServiceAccount, serviceAccountFile } from '../../../src/simulator/fcm/service-account.ts'
import { temporaryDirectory } from '../temporary-directory.ts'
import { secretPart, serverIdentity } from './credentials.ts'
import { createAnnouncer } from './http-stand.ts'
import { DELAY_MS, type Mishap, type Stand } from './stand.ts'

/** Making an RSA key takes long. */
const ACCOUNT = generateServiceAccount('demo-chat')
const STRANGER = generateServiceAccount('demo-chat')

export const fcmStand: Stand = {
  definition: fcm,
  // Android knows a repeat by its tag, and shows it in the place of the first.
  idOf: ({ notification }) => notification.collapseId,
  // A message that was taken has a name.
  acceptsByStatus: false,
  deadStatuses: [],
  deadWhenSaid: [],
  wrongCredential: 'blocked',
  async start(t, clock) {
    const identity = await serverIdentity
    const simulator = await startFcmSimulator({ account: ACCOUNT, identity, clock })
    t.after(() => simulator.close())
    const { tell, onReceived } = createAnnouncer()
    simulator.events.on('message', ({ token, tag, body = '' }) =>
      tell({ id: tag, address: { token }, text: body }),
    )
    const directory = temporaryDirectory(t)
    const file = (name: string, content: string) => {
      const path = join(directory, name)
      writeFileSync(path, content)
      return path
    }
    const { token_uri: tokenUri } = JSON.parse(simulator.serviceAccountFile)
    const wrong = serviceAccountFile({ ...ACCOUNT, privateKey: STRANGER.privateKey }, tokenUri)
    return {
      url: simulator.url,
      identity,
      secrets: [secretPart(ACCOUNT.privateKey), secretPart(STRANGER.privateKey), 'ya29.'],
      environment: ({ url = simulator.url, credential } = {}) => ({
        RELAY_FCM_SERVICE_ACCOUNT_FILE: file(
          'account.json',
          credential === 'wrong' ? wrong : simulator.serviceAccountFile,
        ),
        // What .env.example says.
        RELAY_FCM_PAYLOAD: 'notification',
        RELAY_FCM_URL: url,
        RELAY_FCM_CA_FILE: file('ca.pem', identity.ca),
      }),
      newAddress: () => ({
        token: `${randomBytes(16).toString('base64url')}:APA91b${randomBytes(100).toString('base64url')}`,
      }),
      onReceived,
      requests() {
        const { accepted, strikes, refusals } = simulator.stats()
        return Object.values(refusals).reduce((sum, count) => sum + count, accepted + strikes)
      },
      openConnections: () => simulator.stats().connections.open,
      until: predicate => simulator.until(predicate),
      kill: ({ token }) => simulator.registrationTokens.set(String(token), 'unregistered'),
      next: mishap => void simulator.faults.add({ ...faultOf(mishap), times: 1 }),
      always: mishap => void simulator.faults.add(faultOf(mishap)),
      calm: () => simulator.faults.clear(),
      wording: (status, word) => ({
        status,
        headers: { 'content-type': 'application/json' },
        body: googleErrorBody({ ...fcmError(word), status }),
      }),
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
      return { action: 'answer', status: 400, reason: 'INVALID_ARGUMENT' }
    case 'wait': {
      const { seconds } = mishap
      return {
        action: 'answer',
        status: 429,
        reason: 'QUOTA_EXCEEDED',
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
