import type { ClaimedMessage, Store } from '../../src/store/store.ts'
import { Latencies } from '../load/latencies.ts'
import { entry, record, register, settle } from '../parts/store.ts'
import { type Accounts, account, newcomers, scattered, tokenOf } from './accounts.ts'
import { medianOf } from './median-of.ts'
import { openStore } from './open-store.ts'
import type { LimitsScale } from './scale.ts'

/** Milliseconds unless the name says otherwise. */
export interface StoreFigures extends Rates, Looks, Steps {
  open: number
  close: number
}

interface Rates {
  registeredPerSecond: number
  registrations: number
  acceptedPerSecond: number
  slowestBatch: number
  settledPerSecond: number
}

interface Looks {
  /** The first time, and from then on: a long outbox is not counted each time. */
  outboxAtFirst: number
  outbox: number
  hasUnbegun: number
  waitingScopes: number
  trace: number
  listRecipient: number
  listPending: number
  listAccepted: number
}

interface Steps {
  claimMessages: number
  claimDeliveries: number
  releaseLeases: number
  nothingExpires: number
  expire: number
  nothingToPurge: number
  purge: number
}

export interface StoreCall {
  path: string
  /** Those whose registrations are in the file; absent: those who come meanwhile. */
  accounts?: Accounts
  /** Of what waits in the file. */
  scope: string
  scale: LimitsScale
}

const BATCH = 200
const REGISTERING_AT_ONCE = 100
const LISTED = 50
/** As the dispatcher and the reaper take them. */
const STEP = 500
/** All has expired by then. */
const LATE_MS = 30 * 86_400_000

/** The store as the relay opens it, with nothing else around it. */
export async function measureAtStore({ path, accounts, scope, scale }: StoreCall): Promise<StoreFigures> {
  const startedAt = performance.now()
  const store = await openStore(path)
  const open = performance.now() - startedAt
  const late = newcomers(scale.newcomers, 'late')
  const registeredPerSecond = await registerAll(store, late)
  const known = accounts ?? late
  return {
    open,
    registeredPerSecond,
    ...(await look(store, scattered(known, 0), scale)),
    ...(await work(store, known, scale)),
    ...(await takeSteps(store, { known, scope, steps: scale.steps })),
    close: await medianOf(1, () => store.close()),
  }
}

async function registerAll(store: Store, accounts: Accounts): Promise<number> {
  const startedAt = performance.now()
  for (let from = 0; from < accounts.count; from += REGISTERING_AT_ONCE) {
    const names = Array.from({ length: REGISTERING_AT_ONCE }, (_, index) => account(accounts, from + index))
    await Promise.all(names.map(name => register(store, name, tokenOf(name))))
  }
  return perSecond(accounts.count, startedAt)
}

/** Looks accounts up, accepts messages for them, and settles these as taken by the provider. */
async function work(
  store: Store,
  known: Accounts,
  { lookups, messages }: LimitsScale,
): Promise<Omit<Rates, 'registeredPerSecond'>> {
  const registrations = await medianOf(lookups, async index => {
    const [registration] = await store.registrations(scattered(known, index))
    if (registration === undefined) throw new Error('an account has no registration')
  })
  const batches = new Latencies()
  const receipts = []
  let startedAt = performance.now()
  for (let from = 0; from < messages; from += BATCH) {
    // Others than were looked up.
    const entries = Array.from({ length: BATCH }, (_, index) =>
      entry(from + index, scattered(known, lookups + from + index)),
    )
    const begunAt = performance.now()
    receipts.push(...(await store.accept(entries)))
    batches.add(performance.now() - begunAt)
  }
  const acceptedPerSecond = perSecond(messages, startedAt)
  startedAt = performance.now()
  await Promise.all(receipts.map(receipt => settle(store, receipt)))
  const settledPerSecond = perSecond(messages, startedAt)
  return { registrations, acceptedPerSecond, slowestBatch: batches.percentile(1), settledPerSecond }
}

async function look(store: Store, recipient: string, { steps }: LimitsScale): Promise<Looks> {
  const [message] = await store.messages({ limit: 1 })
  const list = (query: Parameters<Store['messages']>[0]) => medianOf(steps, () => store.messages(query))
  return {
    outboxAtFirst: await medianOf(1, () => store.outbox()),
    outbox: await medianOf(steps, () => store.outbox()),
    hasUnbegun: await medianOf(steps, () => store.hasUnbegun()),
    waitingScopes: await medianOf(steps, () => store.waitingScopes()),
    trace: await medianOf(steps, () => store.message(message?.id ?? '')),
    listRecipient: await list({ recipient, limit: LISTED }),
    listPending: await list({ state: 'pending', limit: LISTED }),
    listAccepted: await list({ state: 'accepted', limit: LISTED }),
  }
}

/** What dispatcher and reaper do, each time with as many rows as they take at once. */
async function takeSteps(
  store: Store,
  { known, scope, steps }: { known: Accounts; scope: string; steps: number },
): Promise<Steps> {
  const rows = Array.from({ length: steps * STEP }, (_, index) => entry(index, scattered(known, index)))
  await store.accept(rows.map(row => ({ ...row, leased: false })))
  const claimed: ClaimedMessage[] = []
  const claimMessages = await medianOf(steps, async () => {
    claimed.push(...whole(await store.claimMessages(STEP)))
  })
  await Promise.all(claimed.map(message => letWait(store, message, scope)))
  const now = Date.now()
  const later = now + LATE_MS
  const stepped = async (step: () => Promise<number>) =>
    medianOf(steps, async () => {
      if ((await step()) !== STEP) throw new Error('there was less to do than a step')
    })
  return {
    claimMessages,
    claimDeliveries: await stepped(async () => (await store.claimDeliveries(scope, now, STEP)).length),
    releaseLeases: await medianOf(1, () => store.releaseLeases()),
    nothingExpires: await medianOf(steps, () => store.expire(now, STEP)),
    expire: await stepped(async () => (await store.expire(later, STEP)).count),
    nothingToPurge: await medianOf(steps, () => store.purge(now - LATE_MS, STEP)),
    purge: await stepped(() => store.purge(later + LATE_MS, STEP)),
  }
}

function whole(claimed: readonly ClaimedMessage[]): readonly ClaimedMessage[] {
  if (claimed.length !== STEP) throw new Error(`${claimed.length} messages were claimed`)
  return claimed
}

/** Its provider cannot be reached. */
async function letWait(
  store: Store,
  { message, registrations }: ClaimedMessage,
  scope: string,
): Promise<void> {
  const at = Date.now()
  const state = await store.settle({
    messageId: message.id,
    recipient: message.content.recipient,
    round: 'first',
    results: registrations.map(registration => ({
      record: {
        ...record(message.id, registration),
        firstVersion: registration.firstVersion,
        state: 'pending',
        reason: 'unsent',
        attempts: [],
      },
      wait: { scope, runAt: at },
    })),
    at,
  })
  if (state !== 'pending') throw new Error(`a message that waits is ${state}`)
}

function perSecond(count: number, startedAt: number): number {
  return (count / (performance.now() - startedAt)) * 1000
}
