import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { Client } from 'pg'
import { Connection, type Statement } from '../../../src/store/postgres/connection.ts'
import { ReadPool } from '../../../src/store/postgres/read-pool.ts'
import {
  ALICE,
  accepted,
  BOB,
  entry,
  HOUR,
  record,
  registered,
  SCOPE,
  settlement,
  T0,
  waitingMessage,
  waits,
} from '../../contract/store/fixtures.ts'
import { postgresSkip } from '../../support/postgres-cluster.ts'
import { cleanUp } from '../sqlite/support.ts'
import { makeDatabase, openStore } from './support.ts'

/** Tables that grow with messages or devices. */
const LARGE = /^(?:outbox|trace.*|delivery|duplicate|registration|zeropush_\w+)$/

/** What may look at a whole table, each for a reason that somebody can judge. */
const WHOLE: [text: RegExp, why: string][] = [
  [/^SELECT count\(\*\), min\(received_at\) FROM outbox$/, 'an operator asks how much there is'],
  [/count\(.*\) FROM zeropush_/, 'a page of a list says how many there are'],
  [/FROM zeropush_device d ORDER BY token LIMIT/, 'a page of all devices, in the order of the index'],
  [/SELECT DISTINCT channel FROM zeropush_channel/, 'a page of all channels, in the order of the index'],
  [/WITH RECURSIVE waiting/, 'begins with the first entry of an index'],
]

interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  'TID Cond'?: string
  Plans?: PlanNode[]
}

function* nodesOf(node: PlanNode): Generator<PlanNode> {
  yield node
  for (const child of node.Plans ?? []) yield* nodesOf(child)
}

/** By anything but the first column of an index, all of it is read. */
function isBound(node: PlanNode, firstColumns: ReadonlyMap<string, string>): boolean {
  if (node['TID Cond'] !== undefined) return true
  const first = firstColumns.get(node['Index Name'] ?? '')
  return first !== undefined && (node['Index Cond'] ?? '').includes(first)
}

function readsWhole(node: PlanNode, firstColumns: ReadonlyMap<string, string>): boolean {
  const isScan = node['Node Type'].includes('Scan') && LARGE.test(node['Relation Name'] ?? '')
  return isScan && ![...nodesOf(node)].some(part => isBound(part, firstColumns))
}

interface Recorded {
  /** Planned once for all times, when its tables may have been empty; the others are planned each time. */
  isNamed: boolean
  parameters: number
  isRead: boolean
}

/** Records every statement that a store asks. */
function recordStatements(t: TestContext): Map<string, Recorded> {
  const texts = new Map<string, Recorded>()
  for (const { prototype, name } of [Connection, ReadPool]) {
    const { query } = prototype
    prototype.query = function (this: never, statement: Statement, values: readonly unknown[] = []) {
      if (/^\s*(?:SELECT|WITH|INSERT|UPDATE|DELETE)\b/.test(statement.text)) {
        texts.set(statement.text, {
          isNamed: statement.name !== undefined,
          parameters: values.length,
          isRead: name === 'ReadPool',
        })
      }
      return query.call(this, statement, values)
    }
    cleanUp(t, async () => {
      prototype.query = query
    })
  }
  return texts
}

describe('plans of statements', { skip: postgresSkip }, () => {
  test('no statement reads a whole table, also when it is planned while the table is empty', async t => {
    const texts = recordStatements(t)
    const url = await makeDatabase()
    const { store } = await openStore(t, { url })
    const phone = await registered(store)
    const tablet = await registered(store, { device: 'tablet', token: 'bb22' })
    await registered(store, { recipient: BOB, token: 'aa11', maxMoves: 3 })
    await registered(store)
    await waitingMessage(store)
    await registered(store, { device: 'reinstalled' })
    const { id } = await accepted(store, { dedupeKey: 'k', expiresAt: T0 + HOUR })
    const effects = [
      { kind: 'unregistered', version: tablet.version, since: T0, reason: 'x' },
      { kind: 'misaddressed', version: tablet.version, suspendAt: 1, reason: 'x' },
      { kind: 'accepted', version: tablet.version, learnedEnvironment: 'sandbox' },
      { kind: 'accepted', version: tablet.version },
    ] as const
    const dead = record(id, phone, { state: 'dead' })
    for (const effect of effects) {
      const { id: other } = await accepted(store)
      await store.settle(settlement(other, [{ record: record(other, phone), effect }]))
    }
    await store.settle(settlement(id, [{ record: dead }]))
    await store.requeue(id, T0)
    await store.claimDeliveries('apns', T0 + HOUR, 10)
    await store.settle(settlement(id, [{ record: dead, effect: effects[3] }], { round: 'later' }))
    const waiting = await waitingMessage(store)
    await store.claimDeliveries(SCOPE, T0 + 1000, 1)
    await store.settle(settlement(waiting.id, [waits(waiting.id, waiting.registration)], { round: 'later' }))
    await accepted(store, { leased: false })
    await store.claimMessages(1)
    await store.releaseLeases()
    await store.expire(T0 + 99 * HOUR, 10)
    await store.purge(T0, 10)
    await store.zeropush.register({ ...phone, token: 'zz', channels: ['c'], maxChannels: 9, at: T0 })
    await store.zeropush.changeBadge('zz', { add: 1 })
    await store.zeropush.changeChannels('zz', {
      ...{ change: 'replace', channels: ['d'] },
      ...{ maxChannels: 9, maxDevices: 9 },
    })
    await store.zeropush.changeChannels('zz', { change: 'remove', channels: ['d'] })
    await store.zeropush.clearChannel('d')
    await readEverything(store)
    await store.zeropush.remove('zz', T0)
    await accepted(store, { leased: false })
    await waitingMessage(store)
    await store.removeDevice(ALICE, 'reinstalled', T0)
    await store.removeRecipient(ALICE, T0)
    await store.accept([entry()])
    await store.close()
    assert(texts.size >= 60, String(texts.size))
    const client = new Client({
      connectionString: url,
      options: '-c search_path=push_relay -c plan_cache_mode=force_generic_plan -c enable_seqscan=off',
    })
    await client.connect()
    cleanUp(t, () => client.end())
    assert.deepEqual(await findWhole(client, texts), [])
    // As autovacuum would find tables that were emptied: one index is as small as another.
    await client.query('VACUUM ANALYZE')
    const named = [...texts].filter(([, { isNamed }]) => isNamed)
    assert(named.length >= 9, String(named.length))
    assert.deepEqual(await findWhole(client, new Map(named)), [])
  })
})

/** Statements that read a whole table. */
async function findWhole(client: Client, texts: ReadonlyMap<string, Recorded>): Promise<string[]> {
  const { rows } = await client.query(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid, 1, true) AS first FROM pg_index`,
  )
  const firstColumns = new Map<string, string>(rows.map(({ name, first }) => [name, first]))
  const whole: string[] = []
  for (const [text, recorded] of texts) {
    const plan = await explain(client, text, recorded)
    const isWhole = [...nodesOf(plan)].some(node => readsWhole(node, firstColumns))
    if (isWhole && !WHOLE.some(([pattern]) => pattern.test(text.trim()))) whole.push(text)
  }
  return whole
}

async function readEverything(store: Awaited<ReturnType<typeof openStore>>['store']): Promise<void> {
  const { id } = entry()
  await Promise.all([
    store.message(id),
    store.outbox(),
    store.waitingScopes(),
    store.registrations(ALICE),
    store.registration({ recipient: ALICE, device: 'phone', kind: 'alert' }),
    store.messages({ limit: 1 }),
    store.messages({ limit: 1, state: 'pending', before: id }),
    store.messages({ limit: 1, state: 'dead', recipient: ALICE }),
    store.messages({ limit: 1, recipient: ALICE, before: id }),
    store.zeropush.device('zz'),
    store.zeropush.devices({ offset: 0, limit: 1 }),
    store.zeropush.inactive({ offset: 0, limit: 1, since: 1 }),
    store.zeropush.channels({ offset: 0, limit: 1 }),
    store.zeropush.tokensIn('c', 1),
    store.zeropush.named(['zz']),
    store.zeropush.targets({ limit: 1 }),
    store.zeropush.targets({ limit: 1, channel: 'c' }),
  ])
}

async function explain(client: Client, text: string, { parameters, isRead }: Recorded): Promise<PlanNode> {
  // As in connection-config.ts: who writes joins in memory.
  await client.query(`SET enable_nestloop = ${isRead ? 'on' : 'off'}`)
  await client.query(`PREPARE planned AS ${text}`)
  const values = parameters === 0 ? '' : `(${Array.from({ length: parameters }, () => 'NULL').join(', ')})`
  const { rows } = await client.query(`EXPLAIN (FORMAT JSON) EXECUTE planned${values}`)
  await client.query('DEALLOCATE planned')
  return rows[0]['QUERY PLAN'][0].Plan
}
