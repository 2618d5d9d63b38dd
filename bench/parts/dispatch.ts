import { Dispatcher } from '../../src/dispatch/dispatcher.ts'
import { systemClock } from '../../src/domain/clock.ts'
import { newMessageId } from '../../src/domain/message-id.ts'
import type { MessageContent } from '../../src/domain/offline-message.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { createEvents, type Events } from '../../src/telemetry/events.ts'
import { messageText } from '../load/messages.ts'
import { createNullStore } from './null-store.ts'
import type { StartPart } from './part.ts'
import { registration } from './registration.ts'

const AT_ONCE = 500

/** From the accepted message to the provider's door and back to the store's: the notification's making included. */
export const dispatch: StartPart = async () => {
  const events = createEvents()
  const dispatcher = new Dispatcher({
    store: createNullStore(),
    providers: new Map([['apns', createInstantProvider()]]),
    settings: { preview: 'full', previewText: 'New message', hashKey: 'key' },
    clock: systemClock,
    events,
  })
  await dispatcher.load()
  dispatcher.start()
  // The first turn finds the outbox empty; until then new messages would have to join its end.
  while (!dispatcher.reserve(0, 0)) await new Promise(setImmediate)
  return {
    async run(messages) {
      for (let begun = 0; begun < messages; begun += AT_ONCE) {
        const settled = settledEvents(events, AT_ONCE)
        dispatcher.reserve(AT_ONCE, 0)
        for (let index = 0; index < AT_ONCE; index++) take(dispatcher, begun + index)
        await settled
      }
    },
    close: () => dispatcher.stop(0),
  }
}

function take(dispatcher: Dispatcher, index: number): void {
  const id = newMessageId()
  const receivedAt = systemClock.now()
  const known = registration(index)
  const content: MessageContent = {
    recipient: known.recipient,
    sender: 'friend@bench.example',
    type: 'chat',
    body: messageText(index),
    encrypted: false,
    nick: 'A. Friend',
  }
  dispatcher.take(
    { id, receivedAt, expiresAt: receivedAt + 60_000, content },
    { status: 'queued', id, leased: true, registrations: [known], revision: 1 },
  )
}

function settledEvents(events: Events, count: number): Promise<void> {
  return new Promise(resolve => {
    let left = count
    const off = events.on('message.settled', () => {
      if (--left > 0) return
      off()
      resolve()
    })
  })
}

function createInstantProvider(): Provider {
  const scopes = ['apns/key/production', 'apns/key/production/app'] as const
  return {
    name: 'apns',
    rules: {
      hasOneOwner: true,
      check: () => ({ ok: false, code: 'token', message: 'nobody registers here' }),
    },
    offer: { apps: ['app'], environments: ['production'] },
    remembersProof: true,
    scopesOf: () => scopes,
    capacity: () => 1000,
    onCapacity: () => {},
    otherEnvironment: () => undefined,
    send: async () => ({ kind: 'accepted', status: 200 }),
    health: () => ({ connection: 'ready', simulated: false }),
    close: async () => {},
  }
}
