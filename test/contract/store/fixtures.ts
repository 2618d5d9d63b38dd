import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { DeliveryRecord } from '../../../src/domain/delivery.ts'
import { deliveryId } from '../../../src/domain/delivery.ts'
import { lowestMessageId } from '../../../src/domain/message-id.ts'
import type { Registration } from '../../../src/domain/registration.ts'
import type {
  AcceptEntry,
  AcceptReceipt,
  DeliveryResult,
  RegisterCommand,
  RegistrationEffect,
  Settlement,
  Store,
} from '../../../src/store/store.ts'
import type { ZeropushRegistry } from '../../../src/store/zeropush-registry.ts'

export type WholeStore = Store & { readonly zeropush: ZeropushRegistry }

/** An adapter under test. */
export interface StoreHarness {
  /** The open store. */
  store: WholeStore
  /** Of what is purged at once: so much later than asked, some of it goes. Absent: all goes when it is asked. */
  spanMs?: number
  /** The wall time that the store sees. */
  setNow(instant: number): void
  /** Closes the store and opens its data with a new one, as another incarnation. */
  restart(): Promise<WholeStore>
  /** Where several nodes may share the data: opens it with one more, while the first one goes on. */
  join?(): Promise<WholeStore>
  /**
   * From now on the first store shows no sign of life, as that of a process that was stopped; until `wake`.
   * `isTakenOver` resolves when another one has given back what it held.
   */
  silence?(): { isTakenOver: Promise<void>; wake: () => void }
}

export interface MakeOptions {
  dedupeWindowMs?: number
  /** Nodes are taken for dead after so short a silence that a test can wait for it. */
  isMortal?: true
}

export type MakeStore = (t: TestContext, options?: MakeOptions) => Promise<StoreHarness>

export const T0 = Date.UTC(2026, 5, 1)
export const HOUR = 3_600_000
export const ALICE = 'alice@example.org'
export const BOB = 'bob@example.org'

let counter = 0

/** Ids in the order in which they are made, of the given time. */
export function idAt(instant: number): string {
  counter++
  return lowestMessageId(instant).slice(0, -12) + counter.toString(16).padStart(12, '0')
}

export function entry(overrides: Partial<AcceptEntry> = {}): AcceptEntry {
  const receivedAt = overrides.receivedAt ?? T0
  const recipient = overrides.recipient ?? ALICE
  return {
    id: idAt(receivedAt),
    recipient,
    sender: BOB,
    type: 'chat',
    content: { recipient, sender: BOB, type: 'chat', body: 'Hello, Alice', encrypted: false, nick: 'Bob' },
    notes: [],
    receivedAt,
    expiresAt: receivedAt + 24 * HOUR,
    leased: true,
    ...overrides,
  }
}

export function command(overrides: Partial<RegisterCommand> = {}): RegisterCommand {
  return {
    recipient: ALICE,
    device: 'phone',
    kind: 'alert',
    provider: 'apns',
    token: 'aa11',
    app: 'org.example.chat',
    environment: 'production',
    environmentSource: 'default',
    at: T0,
    maxDevices: 20,
    ...overrides,
  }
}

export async function registered(
  store: Store,
  overrides: Partial<RegisterCommand> = {},
): Promise<Registration> {
  const result = await store.register(command(overrides))
  assert.notEqual(result.status, 'too-many-moves')
  assert('registration' in result)
  return result.registration
}

export type Queued = Extract<AcceptReceipt, { status: 'queued' }>

export async function accepted(store: Store, overrides: Partial<AcceptEntry> = {}): Promise<Queued> {
  const [receipt] = await store.accept([entry(overrides)])
  assert.equal(receipt?.status, 'queued')
  return receipt as Queued
}

export function record(
  messageId: string,
  registration: Pick<Registration, 'recipient' | 'device' | 'kind'>,
  overrides: Partial<DeliveryRecord> = {},
): DeliveryRecord {
  return {
    id: deliveryId(messageId, registration),
    device: registration.device,
    kind: registration.kind,
    provider: 'apns',
    app: 'org.example.chat',
    state: 'accepted',
    attemptCount: 1,
    crashCount: 0,
    attempts: [
      { number: 1, at: T0, outcome: 'accepted', status: 200, durationMs: 7, environment: 'production' },
    ],
    ...overrides,
  }
}

/** The settlement of a round, with a record for each registration. */
export function settlement(
  messageId: string,
  results: readonly DeliveryResult[],
  overrides: Partial<Settlement> = {},
): Settlement {
  return { messageId, recipient: ALICE, round: 'first', results, at: T0 + 100, ...overrides }
}

export const SCOPE = 'apns/production'

/** A result that waits. */
export function waits(
  messageId: string,
  registration: Registration,
  { runAt = T0 + 1000, scope = SCOPE, reason = 'timeout' } = {},
): DeliveryResult {
  const { firstVersion } = registration
  const pending = record(messageId, registration, { state: 'pending', reason, firstVersion })
  return { record: pending, wait: { scope, runAt } }
}

/** A message of which one delivery waits, registered and accepted and settled. */
export async function waitingMessage(
  store: Store,
  overrides: Partial<AcceptEntry> & { runAt?: number; scope?: string } = {},
): Promise<{ id: string; registration: Registration }> {
  const { runAt = T0 + 1000, scope = SCOPE, ...rest } = overrides
  const { id, registrations } = await accepted(store, rest)
  const [registration] = registrations
  assert(registration)
  const { recipient } = registration
  assert.notEqual(
    await store.settle(settlement(id, [waits(id, registration, { runAt, scope })], { recipient })),
    undefined,
  )
  return { id, registration }
}

/** Sends one message whose first round ends with this effect on the recipient's only registration. */
export async function settleWithEffect(
  store: Store,
  effect: RegistrationEffect,
  at: number = T0 + 100,
): Promise<void> {
  const { id, registrations } = await accepted(store)
  const [registration] = registrations
  assert(registration)
  const results = [{ record: record(id, registration), effect }]
  assert.notEqual(await store.settle(settlement(id, results, { at })), undefined)
}
