import { join } from 'node:path'
import { systemClock } from '../../src/domain/clock.ts'
import { type DeliveryRecord, deliveryId } from '../../src/domain/delivery.ts'
import { newMessageId } from '../../src/domain/message-id.ts'
import type { Registration } from '../../src/domain/registration.ts'
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { AcceptEntry, AcceptReceipt, Store } from '../../src/store/store.ts'
import { createEvents } from '../../src/telemetry/events.ts'
import { deviceToken, messageText, RECIPIENTS, recipient } from '../load/messages.ts'
import { APP } from '../system/relay.ts'
import type { StartPart } from './part.ts'

const BATCH = 200
const TTL_MS = 7 * 86_400_000

/** Accept and settle, both threads and the disk: what is settled rides along with the next batch that is accepted. */
export const store: StartPart = async ({ directory }) => {
  const sqlite = createSqliteStore({
    path: join(directory, 'store.db'),
    dedupeWindowMs: 3_600_000,
    clock: systemClock,
    events: createEvents(),
  })
  await sqlite.open()
  const phones = Array.from({ length: RECIPIENTS }, (_, index) => index)
  await Promise.all(phones.map(index => register(sqlite, recipient(index), deviceToken(index))))
  let next = 0
  return {
    async run(messages) {
      let settled: Promise<boolean>[] = []
      for (const end = next + messages; next < end; next += BATCH) {
        const accepting = sqlite.accept(Array.from({ length: BATCH }, (_, index) => entry(next + index)))
        const before = settled
        settled = (await accepting).map(receipt => settle(sqlite, receipt))
        await Promise.all(before)
      }
      await Promise.all(settled)
    },
    close: () => sqlite.close(),
  }
}

export async function register(sqlite: Store, to: string, token: string): Promise<void> {
  await sqlite.register({
    recipient: to,
    device: 'phone',
    kind: 'alert',
    provider: 'apns',
    token,
    app: APP,
    environment: 'production',
    environmentSource: 'default',
    at: systemClock.now(),
    maxDevices: 20,
  })
}

export function entry(index: number, to = recipient(index)): AcceptEntry {
  const id = newMessageId()
  const receivedAt = systemClock.now()
  const content = {
    recipient: to,
    sender: 'friend@bench.example',
    type: 'chat',
    body: messageText(index),
    encrypted: false,
    stanzaId: id,
    nick: 'A. Friend',
  } as const
  return {
    id,
    recipient: content.recipient,
    sender: content.sender,
    type: 'chat',
    dedupeKey: id,
    content,
    notes: [],
    receivedAt,
    expiresAt: receivedAt + TTL_MS,
    leased: true,
  }
}

export async function settle(sqlite: Store, receipt: AcceptReceipt): Promise<boolean> {
  if (receipt.status !== 'queued') throw new Error(`a message is ${receipt.status}`)
  const [registration] = receipt.registrations
  if (registration === undefined) throw new Error('a recipient has no phone')
  const state = await sqlite.settle({
    messageId: receipt.id,
    recipient: registration.recipient,
    round: 'first',
    results: [
      {
        record: record(receipt.id, registration),
        ...(registration.lastAcceptedAt === undefined
          ? { effect: { kind: 'accepted', version: registration.version } }
          : {}),
      },
    ],
    at: systemClock.now(),
  })
  if (state === undefined) throw new Error('a lease is lost')
  return true
}

export function record(messageId: string, registration: Registration): DeliveryRecord {
  const { device, kind, provider, app, environment } = registration
  const attempt = {
    number: 1,
    at: systemClock.now(),
    outcome: 'accepted',
    status: 200,
    durationMs: 12,
  } as const
  return {
    id: deliveryId(messageId, registration),
    device,
    kind,
    provider,
    app,
    state: 'accepted',
    attemptCount: 1,
    crashCount: 0,
    attempts: [{ ...attempt, environment }],
  }
}
