import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, it } from 'node:test'
import { deliveryId } from '../src/domain/delivery.ts'
import { HOOK_TOKEN, RelayProcess } from './support/relay-process.ts'

const MESSAGES = 3000
const KILLS = 12
const SENDERS = 6
const RECIPIENTS = Array.from({ length: 20 }, (_, index) => `user${index}@localhost`)

interface Posted {
  id: string
  recipient: string
}

describe('kill -9', async () => {
  const relay = await RelayProcess.start()
  after(() => relay.close())
  const devices = new Map<string, string>()
  for (const recipient of RECIPIENTS) {
    await relay.registerPhone(recipient)
    const [device] = (await relay.devices(recipient)) as { device: string }[]
    devices.set(recipient, device?.device ?? '')
  }
  const apnsId = ({ id, recipient }: Posted) =>
    deliveryId(id, { recipient, device: devices.get(recipient) ?? '', kind: 'alert' })

  it('at random moments loses nothing that was accepted, and repeats only what was under way, under the same id', async () => {
    // Slow answers keep many attempts in flight when the process dies.
    relay.simulator.faults.add({ action: 'delay', delayMs: 10 })
    const accepted: Posted[] = []
    const underWay = new Set<string>()
    let next = 0
    let failedPosts = 0
    /** Of the messages accepted until the last kill, how many it found unsettled. */
    let shareLeft = 1
    let running = Promise.resolve()
    let killAt = thresholds()

    const killAndRestart = async () => {
      await relay.kill('SIGKILL')
      const left = unsettled(relay)
      for (const id of left) underWay.add(id)
      shareLeft = left.length / accepted.length
      await relay.run()
    }
    const post = async (batch: object[]): Promise<{ id: string }[]> => {
      for (;;) {
        await running
        const answer = await tryPost(relay, batch)
        if (answer) return answer
        failedPosts++
      }
    }
    const takeBatch = () => {
      const size = Math.min(1 + Math.floor(Math.random() * 20), MESSAGES - next)
      return Array.from({ length: size }, () => message(next++))
    }
    const killWhenDue = () => {
      if (accepted.length < (killAt[0] ?? Number.POSITIVE_INFINITY)) return
      killAt = killAt.slice(1)
      running = running.then(killAndRestart)
    }
    const send = async () => {
      while (next < MESSAGES) {
        const batch = takeBatch()
        const results = await post(batch)
        for (const [index, { id }] of results.entries())
          accepted.push({ id, recipient: batch[index]?.to ?? '' })
        killWhenDue()
      }
    }
    await Promise.all(Array.from({ length: SENDERS }, send))
    await running

    assert.equal(accepted.length, MESSAGES)
    assert.equal(killAt.length, 0)
    assert.ok(underWay.size > 0, 'no kill hit a message under way: this run shows nothing')
    assert.ok(failedPosts > 0, 'no kill hit a sender: this run shows nothing')
    const wanted = new Set(accepted.map(apnsId))
    assert.equal(wanted.size, MESSAGES)
    const { pushedIds } = relay.simulator
    const isMissing = (id: string) => pushedIds.count(id) === 0
    await relay.simulator.until(() => ![...wanted].some(isMissing))

    assert.ok(
      shareLeft < 0.75,
      `what Apple took must be noted: ${shareLeft} of all were not at the last kill`,
    )
    // Each question is a round trip in which the relay can go on.
    while (unsettled(relay).length > 0) await fetch(`${relay.url}/health`)

    const repeated = accepted.filter(posted => pushedIds.count(apnsId(posted)) > 1)
    const unexplained = repeated.filter(({ id }) => !underWay.has(id))
    assert.deepEqual(unexplained, [], 'repeated although settled')
    assert.equal(relay.simulator.stats().ids.distinct, MESSAGES, 'pushed under another id')
  })
})

/** After how many answers to kill: random, but the first and the last third each get some. */
function thresholds(): number[] {
  const step = MESSAGES / (KILLS + 1)
  return Array.from({ length: KILLS }, (_, index) => Math.floor(step * (index + Math.random())))
}

function message(index: number) {
  return {
    to: RECIPIENTS[index % RECIPIENTS.length] ?? '',
    from: 'alice@localhost',
    body: `message ${index}`,
    id: `stanza-${index}`,
  }
}

/** Undefined when the process died before it answered: then nobody knows, and the sender posts again. */
async function tryPost(relay: RelayProcess, batch: object[]): Promise<{ id: string }[] | undefined> {
  try {
    const response = await fetch(`${relay.url}/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${HOOK_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify(batch),
    })
    const { results } = (await response.json()) as { results: { id: string }[] }
    return response.status === 202 ? results : undefined
  } catch {
    return undefined
  }
}

/** Messages that the dead process left unsettled on disk. */
function unsettled(relay: RelayProcess): string[] {
  const database = new DatabaseSync(relay.databasePath, { readOnly: true })
  try {
    const rows = database.prepare("SELECT id FROM message WHERE state = 'pending'").all()
    return rows.map(({ id }) => String(id))
  } finally {
    database.close()
  }
}
