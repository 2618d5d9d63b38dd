import { hash } from 'node:crypto'
import { dirname } from 'node:path'
import { closedLoop } from '../load/closed-loop.ts'
import { HttpConnection } from '../load/http-connection.ts'
import { message } from '../load/messages.ts'
import { Posts } from '../load/posts.ts'
import { ADMIN_TOKEN, HOOK_TOKEN, type ProviderEnvironment, type Relay, startRelay } from '../system/relay.ts'
import { pendingMessages } from '../system/system.ts'
import { type Accounts, account, filled, newcomers, scattered, tokenOf } from './accounts.ts'
import { putDevice } from './exemplars.ts'
import { medianOf } from './median-of.ts'
import type { FileSize, LimitsScale } from './scale.ts'

/** Of a relay as operators run it; milliseconds unless the name says otherwise. */
export interface RelayFigures {
  listening: number
  firstAccept: number
  startedRssBytes: number
  devices: number
  post: number
  acceptedPerSecond: number
  health: number
  workedRssBytes: number
  stop: number
}

export interface MeasuredFile {
  path: string
  size: FileSize
  scale: LimitsScale
}

/** How often a figure is taken that is not of one account. */
const TIMES = 5
const ARRAYS = { connections: 4, perPost: 100 }

/** Its provider cannot be reached, as it must be for so much to wait: what it accepts waits, too. */
export async function measureAtRelay(
  { path, size, scale }: MeasuredFile,
  providers: ProviderEnvironment,
): Promise<RelayFigures> {
  const begunAt = performance.now()
  const relay = await startRelay(dirname(path), providers, `sqlite:${path}`)
  const connections: HttpConnection[] = []
  try {
    const listening = performance.now() - begunAt
    const connection = await HttpConnection.open(relay.port)
    connections.push(connection)
    await accept(connection)
    const firstAccept = performance.now() - begunAt
    const { rssBytes: startedRssBytes } = await relay.usage()
    await check(connection, size)
    const accounts = await accountsOf(connection, size, scale)
    const worked = {
      ...(await workAlone(connection, accounts, scale)),
      acceptedPerSecond: await workTogether(relay, connections, { accounts, scale }),
      health: await medianOf(TIMES, () => pendingMessages(connection)),
    }
    const { rssBytes: workedRssBytes } = await relay.usage()
    const stopped = await stop(relay, connections)
    return { listening, firstAccept, startedRssBytes, ...worked, workedRssBytes, stop: stopped }
  } finally {
    await stop(relay, connections)
  }
}

async function workAlone(
  connection: HttpConnection,
  accounts: Accounts,
  { lookups }: LimitsScale,
): Promise<Pick<RelayFigures, 'devices' | 'post'>> {
  const devices = await medianOf(lookups, index => readDevice(connection, scattered(accounts, index)))
  // Others than were looked up.
  const to = (index: number) => scattered(accounts, lookups + index)
  const single = await closedLoop([connection], new Posts({ first: 0, limit: lookups, perPost: 1, to }))
  return { devices, post: single.latencies.percentile(0.5) }
}

async function workTogether(
  relay: Relay,
  connections: HttpConnection[],
  { accounts, scale }: { accounts: Accounts; scale: LimitsScale },
): Promise<number> {
  // Not earlier: the relay closes those that are idle for long.
  while (connections.length < ARRAYS.connections) connections.push(await HttpConnection.open(relay.port))
  const { perPost } = ARRAYS
  const first = scale.lookups
  const to = (index: number) => scattered(accounts, first + index)
  const { messages, seconds } = await closedLoop(
    connections,
    new Posts({ first, limit: scale.messages, perPost, to }),
  )
  return messages / seconds
}

/** Those of the file, if it has any. */
async function accountsOf(
  connection: HttpConnection,
  { registrations }: FileSize,
  scale: LimitsScale,
): Promise<Accounts> {
  if (registrations > 0) return filled(registrations)
  const accounts = newcomers(scale.newcomers, 'early')
  for (let index = 0; index < accounts.count; index++) await putDevice(connection, account(accounts, index))
  return accounts
}

/** Whoever it is for. */
async function accept(connection: HttpConnection): Promise<void> {
  const { status, body } = await connection.request({
    method: 'POST',
    path: '/v1/messages',
    token: HOOK_TOKEN,
    body: JSON.stringify(message(0)),
  })
  if (status !== 202) throw new Error(`the relay answered ${status} ${body}`)
}

/** That it sees what is in the file. */
async function check(connection: HttpConnection, { registrations, pending }: FileSize): Promise<void> {
  const seen = await pendingMessages(connection)
  if (seen !== pending) throw new Error(`${pending} messages are pending, and the relay sees ${seen}`)
  if (registrations > 0) await readDevice(connection, account(filled(registrations), registrations - 1))
}

async function readDevice(connection: HttpConnection, recipient: string): Promise<void> {
  const { status, body } = await connection.request({
    method: 'GET',
    path: `/v1/devices?recipient=${recipient}`,
    token: ADMIN_TOKEN,
  })
  const tokenHash = hash('sha256', tokenOf(recipient), 'hex').slice(0, 12)
  if (!body.includes(tokenHash)) throw new Error(`a device was not found: ${status} ${body}`)
}

async function stop(relay: Relay, connections: readonly HttpConnection[]): Promise<number> {
  for (const connection of connections) connection.close()
  const startedAt = performance.now()
  await relay.stop()
  return performance.now() - startedAt
}
