import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { Client } from 'pg'
import { zeropushRecipient } from '../../src/domain/zeropush-recipient.ts'
import { MOVE_LOCK } from '../../src/store/postgres/locks.ts'
import {
  ALICE,
  accepted,
  BOB,
  entry,
  HOUR,
  record,
  registered,
  settlement,
  T0,
  type WholeStore,
} from '../contract/store/fixtures.ts'
import { makeDatabase, openStore, sharedCluster } from '../store/postgres/support.ts'
import { postgresSkip } from '../support/postgres-cluster.ts'
import { StillClock } from '../support/still-clock.ts'
import { CAROL, DAVE, inFile, makeFile, move, NUL, openFile, RECENT_KEY, TEXT } from './support.ts'

const PEOPLE = [ALICE, BOB, CAROL, DAVE, zeropushRecipient('aaaa'), zeropushRecipient('bbbb')]
const ALL = { offset: 0, limit: 100 }

/** All that one can ask a store of what is moved. */
async function contentsOf(store: WholeStore) {
  const pending = await store.messages({ state: 'pending', limit: 100 })
  return {
    registrations: await Promise.all(PEOPLE.map(recipient => store.registrations(recipient))),
    pending: await Promise.all(pending.map(({ id }) => store.message(id))),
    scopes: await store.waitingScopes(),
    devices: await store.zeropush.devices(ALL),
    channels: await store.zeropush.channels(ALL),
    secrets: await Promise.all(
      ['notification-hash-key', 'apns-provider-token/x'].map(name => store.secret(name)),
    ),
    proven: await store.provenScopes(),
  }
}

/** A text of PostgreSQL has no NUL. */
function withoutNul<T>(value: T): T {
  return JSON.parse(JSON.stringify(value).replaceAll('\\u0000', '\ufffd'))
}

async function openDatabase(t: TestContext, url: string): Promise<WholeStore> {
  return (await openStore(t, { url, clock: new StillClock(T0), keepsOwnTime: true })).store
}

async function movedStore(t: TestContext) {
  const path = await makeFile(t)
  const url = await makeDatabase()
  const result = await move(path, url)
  return { path, url, result, store: await openDatabase(t, url) }
}

describe('a move to PostgreSQL', { skip: postgresSkip }, () => {
  it('takes along all that can be asked for, and leaves the file as it was', async t => {
    const path = await makeFile(t)
    const url = await makeDatabase()
    const reader = await openFile(path)
    const before = await contentsOf(reader)
    await reader.close()
    const { status, rows } = await move(path, url)
    assert.equal(status, 'moved')
    assert.deepEqual([rows.outbox, rows.delivery, rows.duplicate, rows.registration_move], [5, 3, 4, 1])
    const after = await contentsOf(await openDatabase(t, url))
    assert.deepEqual(after, withoutNul(before))
    assert.equal(before.pending.length, 5)
    assert.ok(JSON.stringify(before).includes('\\u0000'))
    const again = await openFile(path)
    assert.deepEqual(await contentsOf(again), before)
    await again.close()
  })

  it('leaves nothing in the hands of a process that is gone: all that was pending is pushed', async t => {
    const { store } = await movedStore(t)
    const unbegun = await store.claimMessages(10)
    assert.deepEqual(
      unbegun.map(({ message, registrations }) => [message.content.body, registrations[0]?.token]),
      [1, 2].map(() => [`${TEXT}${NUL} 👋`, 'cc']),
    )
    for (const { message, registrations } of unbegun) {
      const results = registrations.map(one => ({ record: record(message.id, one) }))
      assert.equal(await store.settle(settlement(message.id, results, { recipient: CAROL })), 'accepted')
    }
    for (const { scope } of await store.waitingScopes()) {
      for (const { message, record: waiting, registration } of await store.claimDeliveries(
        scope,
        T0 + HOUR,
        10,
      )) {
        assert.ok(registration.found)
        const results = [{ record: { ...waiting, state: 'accepted' as const } }]
        const { recipient } = message.content
        assert.notEqual(
          await store.settle(settlement(message.id, results, { recipient, round: 'later' })),
          undefined,
        )
      }
    }
    assert.deepEqual(await store.outbox(), { pending: 0 })
  })

  it('knows what was said before, for as long as that is', async t => {
    const { store } = await movedStore(t)
    const keys = [RECENT_KEY, 'not of that form', 'over', 'ignored']
    const receipts = await store.accept(keys.map(dedupeKey => entry({ recipient: CAROL, dedupeKey })))
    assert.deepEqual(
      receipts.map(({ status }) => status),
      keys.map(() => 'duplicate'),
    )
    const late = await store.accept([entry({ recipient: CAROL, dedupeKey: 'over', receivedAt: T0 + HOUR })])
    assert.equal(late[0]?.status, 'queued')
  })

  it('keeps who is who: versions go on, and a removed account inherits nothing', async t => {
    const { store } = await movedStore(t)
    const [before] = await store.registrations(CAROL)
    const after = await registered(store, { recipient: CAROL, token: 'cc', at: T0 + 10 })
    assert.ok(after.version > (before?.version ?? 0) + 1000 && after.firstVersion === before?.firstVersion)
    assert.equal((await store.removeRecipient(CAROL, T0 + 20)).settled.length, 4)
    await registered(store, { recipient: CAROL, token: 'ee', at: T0 + 30 })
    assert.deepEqual(await store.claimMessages(10), [])
    // Another device of an account that was moved is for what waits, too.
    await accepted(store, { leased: false })
    await registered(store, { device: 'watch', token: 'ff' })
    const [claimed] = await store.claimMessages(10)
    assert.equal(claimed?.registrations.length, 3)
  })

  it('keeps how often an account took over a token of another one', async t => {
    const { store } = await movedStore(t)
    const command = { recipient: CAROL, device: 'other', token: 'aa', at: T0 + 10, maxMoves: 1 }
    const registration = { kind: 'alert', provider: 'apns', app: 'org.example.chat' } as const
    const environment = { environment: 'production', environmentSource: 'default', maxDevices: 20 } as const
    const result = await store.register({ ...command, ...registration, ...environment })
    assert.equal(result.status, 'too-many-moves')
  })
})

describe('a move that does not come to its end', { skip: postgresSkip }, () => {
  it('goes on where it was, and no node begins with a part of it', async t => {
    const path = await makeFile(t)
    const copied: string[] = []
    const url = await makeDatabase()
    for (let calls = 0; calls < 9; calls++) {
      const cut = move(path, url, {
        onProgress: ({ table }) => {
          copied.push(table)
          throw new Error('cut')
        },
      })
      await assert.rejects(cut, /^Error: cut$/)
      await assert.rejects(
        openDatabase(t, url),
        /a move into this database is not finished: run push-relay move/,
      )
    }
    assert.equal(new Set(copied).size, 9)
    const steps: string[] = []
    assert.equal((await move(path, url, { onProgress: ({ step }) => steps.push(step) })).status, 'moved')
    assert.deepEqual(new Set(steps), new Set(['verified']))
    const reader = await openFile(path)
    t.after(() => reader.close())
    assert.deepEqual(await contentsOf(await openDatabase(t, url)), withoutNul(await contentsOf(reader)))
    await reader.close()
  })

  it('is finished once: a second call changes nothing', async t => {
    const { path, url, store } = await movedStore(t)
    await store.removeRecipient(CAROL, T0 + 20)
    await store.close()
    const { status, rows } = await move(path, url)
    assert.deepEqual([status, rows.outbox], ['already', 5])
    assert.deepEqual(await (await openDatabase(t, url)).registrations(CAROL), [])
  })

  it('is noticed when something is not as it was', async t => {
    const cluster = await sharedCluster()
    const changes = {
      registration: `UPDATE push_relay.registration SET token = 'zz' WHERE device = 'tablet'`,
      outbox: 'DELETE FROM push_relay.outbox WHERE id IN (SELECT id FROM push_relay.outbox LIMIT 1)',
      delivery: 'UPDATE push_relay.delivery SET run_at = run_at + 1',
      zeropush_channel: `INSERT INTO push_relay.zeropush_channel VALUES ('news', 'zzzz')`,
    }
    for (const [table, change] of Object.entries(changes)) {
      const path = await makeFile(t)
      const url = await makeDatabase()
      const cut = move(path, url, {
        onProgress: ({ step }) => {
          if (step === 'verified') throw new Error('cut')
        },
      })
      await assert.rejects(cut, /cut/)
      await cluster.query(change, new URL(url).pathname.slice(1))
      await assert.rejects(move(path, url), new RegExp(`^Error: ${table} is not the same in both: \\d+ rows`))
      await assert.rejects(openDatabase(t, url), /not finished/)
    }
  })
})

describe('a move is refused', { skip: postgresSkip }, () => {
  it('while a relay has the file, or where there is none', async t => {
    const path = await makeFile(t)
    const url = await makeDatabase()
    const relay = await openFile(path)
    await assert.rejects(move(path, url), /relay\.db is in use by another process/)
    await relay.close()
    await assert.rejects(move(`${path}.gone`, url), /relay\.db\.gone does not exist/)
    inFile(path, db => db.exec('PRAGMA user_version = 3'))
    await assert.rejects(move(path, url), /older release .*: convert it with push-relay migrate/)
  })

  it('when the database is in use, by nodes or by what is in it', async t => {
    const path = await makeFile(t)
    const url = await makeDatabase()
    const node = await openDatabase(t, url)
    await assert.rejects(move(path, url), /1 relay nodes use this database: stop them/)
    await registered(node)
    await node.close()
    await assert.rejects(move(path, url), /in use already: there is something in registration/)
    assert.equal((await (await openDatabase(t, url)).registrations(ALICE)).length, 1)
  })

  it('from another file, or from this one once a relay has used it again', async t => {
    const path = await makeFile(t)
    const url = await makeDatabase()
    const cut = move(path, url, {
      onProgress: () => {
        throw new Error('cut')
      },
    })
    await assert.rejects(cut, /cut/)
    const relay = await openFile(path)
    await relay.close()
    await assert.rejects(
      move(path, url),
      /before a relay used it again, was not finished: remove .*begin anew/,
    )
    const cluster = await sharedCluster()
    await cluster.query('DROP SCHEMA push_relay CASCADE', new URL(url).pathname.slice(1))
    assert.equal((await move(path, url)).status, 'moved')
    const other = await makeFile(t, async store => registered(store))
    await (await openFile(other)).close()
    await (await openFile(other)).close()
    await assert.rejects(move(other, url), /another relay was moved into this database/)
  })

  it('while another one is under way', async t => {
    const path = await makeFile(t)
    const url = await makeDatabase()
    const other = new Client({ connectionString: url })
    await other.connect()
    t.after(() => other.end())
    await other.query('SELECT pg_advisory_lock($1)', [MOVE_LOCK])
    await assert.rejects(move(path, url), /another push-relay move is under way into this database/)
  })

  it('in words that hold nothing of what is moved', async t => {
    const path = await makeFile(t)
    const url = await makeDatabase()
    inFile(path, db => db.exec(`UPDATE message SET id = 'a secret ' || rowid WHERE stage < 2`))
    await assert.rejects(move(path, url), /^Error: the database cannot be used: PostgreSQL 22P02$/)
    const wrong = new URL(url)
    wrong.password = 'wrong'
    await assert.rejects(
      move(path, wrong.href),
      (error: Error) => /28P01/.test(error.message) && !/wrong/.test(error.message),
    )
  })
})
