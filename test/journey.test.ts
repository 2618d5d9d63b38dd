import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { createWaiters } from '../src/simulator/waiters.ts'
import { MessagesOnDisk } from './support/messages-on-disk.ts'
import { PushLedger } from './support/push-ledger.ts'
import { HOOK_TOKEN, RelayProcess } from './support/relay-process.ts'

const MESSAGES = 3000
const KILLS = 12
const SENDERS = 6
const LARGEST_BATCH = 10
const RECIPIENTS = Array.from({ length: 20 }, (_, index) => `user${index}@localhost`)
/** Between these kills Apple cannot be reached: what is posted waits as rows, also over the kill between them. */
const AWAY = { from: 4, until: 6 }
/** So many pushes after it can be reached again the process is killed once more, with those rows leased. */
const PUSHES_AFTER_AWAY = 50
/** From one kill to the next, and from the last to the end; for failing only: it takes seconds. */
const STAGE_DEADLINE_MS = 60_000
/** Every second kill waits for up to so many pushes of that process, so that it is not always the start that is hit. */
const PUSHES_BEFORE_KILL = 50
const LONGEST_LIST = 20

describe('kill -9', async () => {
  const relay = await RelayProcess.start()
  after(() => relay.close())
  const deviceOf = new Map<string, string>()
  for (const recipient of RECIPIENTS) {
    await relay.registerPhone(recipient)
    const [device] = (await relay.devices(recipient)) as { device: string }[]
    deviceOf.set(recipient, device?.device ?? '')
  }

  it('at random moments loses nothing that was accepted, and repeats only what was under way, under the same id', async () => {
    // Some answers never come, half of them for what a phone shows: those deliveries wait, and are tried again. All others
    // are slow, so that many attempts are in flight when the process dies.
    relay.simulator.faults.replace([
      { action: 'reset', percent: 3, delayMs: 10, shown: true },
      { action: 'reset', percent: 3, delayMs: 10 },
      { action: 'delay', delayMs: 10 },
    ])
    await new Journey(relay, new PushLedger(relay.simulator, deviceOf)).run()
  })
})

class Journey {
  readonly #relay: RelayProcess
  readonly #ledger: PushLedger
  readonly #killAt = thresholds()
  readonly #accepted = new Set<string>()
  readonly #stopped = new AbortController()
  readonly #settled = new Set<string>()
  #doing = ''
  #next = 0
  #failedPosts = 0
  #kills = 0
  #mostWaiting = 0
  #mostLeased = 0
  #running = Promise.withResolvers<void>()
  readonly #progress = createWaiters()
  readonly #late = Promise.withResolvers<void>()
  readonly #timer = setTimeout(() => this.#late.resolve(), STAGE_DEADLINE_MS)

  constructor(relay: RelayProcess, ledger: PushLedger) {
    this.#relay = relay
    this.#ledger = ledger
    this.#running.resolve()
  }

  /** Fails with what is missing instead of hanging. */
  async run(): Promise<void> {
    const late = this.#late.promise.then(() =>
      assert.fail(`no end in sight: ${this.#unfinished().join('\n')}`),
    )
    try {
      await Promise.race([this.#travel(), late])
    } finally {
      clearTimeout(this.#timer)
      this.#stopped.abort()
      this.#running.resolve()
      this.#progress.close()
    }
  }

  async #travel(): Promise<void> {
    await Promise.all([this.#killAll(), ...Array.from({ length: SENDERS }, () => this.#send())])
    assert.equal(this.#accepted.size, MESSAGES, 'messages with an id of their own')
    await this.#ledger.settles(MESSAGES)
    this.#assertRightPushes()
    // What Apple has answered is noted before a graceful end.
    assert.equal(await this.#relay.kill('SIGTERM'), 0)
    const onDisk = new MessagesOnDisk(this.#relay.databasePath)
    const others = onDisk.idsOf(({ state, waiting }) => state !== 'accepted' || waiting > 0)
    assert.deepEqual(listed(others, onDisk), [], 'Apple took all, and these are not noted as accepted')
    assert.deepEqual(
      onDisk.idsOf(() => true).filter(id => !this.#accepted.has(id)),
      [],
      'stored twice, under an id that no sender knows',
    )
    assert.ok(this.#failedPosts > 0, 'no kill hit a sender: this run shows nothing')
    assert.ok(this.#ledger.repeats > 0, 'no kill hit a message under way: this run shows nothing')
    assert.ok(this.#mostWaiting > 0, 'no kill hit deliveries that waited: this run shows nothing')
    assert.ok(this.#mostLeased > 0, 'no kill hit deliveries that were claimed: this run shows nothing')
  }

  /** What is known about each message that is not through. */
  #unfinished(): string[] {
    const onDisk = new MessagesOnDisk(this.#relay.databasePath)
    const stored = onDisk.idsOf(({ state }) => state !== 'accepted')
    const ids = new Set([...this.#accepted, ...stored].filter(id => !this.#ledger.answered.has(id)))
    const progress = `kills ${this.#kills}, messages posted ${this.#accepted.size}, not answered by Apple ${ids.size}`
    const { connections, received } = this.#relay.simulator.stats()
    const apple = `pushes ${received}, connections open ${connections.open}; now: ${this.#doing}`
    return [
      `${progress}, ${apple}`,
      ...listed([...ids], onDisk, id => `, pushed ${this.#ledger.timesShown(id)} times`),
    ]
  }

  async #killAll(): Promise<void> {
    for (const [kill, threshold] of this.#killAt.entries()) {
      await this.#progress.until(() => this.#accepted.size >= threshold)
      const isAway = kill > AWAY.from && kill <= AWAY.until
      if (kill % 2 === 1 && !isAway) await this.#pushes(1 + Math.floor(Math.random() * PUSHES_BEFORE_KILL))
      await this.#killAndRestart(kill)
      if (kill === AWAY.until) {
        await this.#pushes(PUSHES_AFTER_AWAY)
        await this.#killAndRestart()
      }
      this.#kills++
      this.#timer.refresh()
      this.#progress.changed()
    }
    // What is tried again last would only prolong the end.
    this.#relay.simulator.faults.clear()
  }

  async #pushes(count: number): Promise<void> {
    const { simulator } = this.#relay
    this.#doing = `waiting for ${count} pushes`
    await simulator.received(simulator.stats().received + count)
  }

  async #killAndRestart(kill?: number): Promise<void> {
    const { simulator } = this.#relay
    this.#running = Promise.withResolvers<void>()
    this.#doing = 'killing'
    await this.#relay.kill('SIGKILL')
    this.#doing = 'waiting for the end of its connections'
    // Pushes of the dead process could come until the simulator notices its end; who writes notices at once.
    simulator.goaway()
    await simulator.until(({ connections }) => connections.open === 0)
    this.#look()
    if (kill === AWAY.from) simulator.refuseConnections()
    if (kill === AWAY.until) await simulator.acceptConnections()
    if (this.#stopped.signal.aborted) return
    this.#doing = 'starting'
    await this.#relay.run()
    this.#doing = 'running'
    this.#running.resolve()
  }

  /** At what the kill left on disk. */
  #look(): void {
    this.#assertRightPushes()
    const onDisk = new MessagesOnDisk(this.#relay.databasePath)
    const lost = [...this.#accepted].filter(id => !onDisk.has(id))
    assert.deepEqual(lost.slice(0, LONGEST_LIST), [], 'answered 202, and not on disk after the kill')
    const isSettled = (id: string) => onDisk.stateOf(id) === 'accepted'
    const undone = [...this.#settled].filter(id => !isSettled(id))
    assert.deepEqual(listed(undone, onDisk), [], 'noted as accepted at an earlier kill, and not any more')
    for (const id of onDisk.idsOf(({ state }) => state === 'accepted')) this.#settled.add(id)
    const { answered } = this.#ledger
    if (this.#kills > KILLS / 4) {
      const isNoted = this.#settled.size * 2 > answered.size
      assert.ok(isNoted, `Apple took ${answered.size}, and ${this.#settled.size} are noted as accepted`)
    }
    const early = [...this.#settled].filter(id => !answered.has(id))
    assert.deepEqual(listed(early, onDisk), [], 'noted as accepted, and Apple has not answered so')
    this.#ledger.forgive(onDisk.idsOf(({ state }) => state !== 'accepted'))
    this.#mostWaiting = Math.max(this.#mostWaiting, onDisk.idsOf(({ waiting }) => waiting > 0).length)
    this.#mostLeased = Math.max(this.#mostLeased, onDisk.idsOf(({ leased }) => leased > 0).length)
  }

  #assertRightPushes(): void {
    const { misnamed, repeatedInVain } = this.#ledger
    assert.deepEqual(misnamed.slice(0, LONGEST_LIST), [], 'pushed under an id that is not theirs')
    assert.deepEqual(
      repeatedInVain.slice(0, LONGEST_LIST),
      [],
      'pushed again although the answer had come and no kill found them unsettled',
    )
  }

  async #send(): Promise<void> {
    while (this.#next < MESSAGES && !this.#stopped.signal.aborted) {
      const size = Math.min(1 + Math.floor(Math.random() * LARGEST_BATCH), MESSAGES - this.#next)
      const batch = Array.from({ length: size }, () => message(this.#next++))
      for (const { id } of await this.#post(batch)) this.#accepted.add(id)
      this.#progress.changed()
      // Not so far ahead that a kill finds nothing to do.
      await this.#progress.until(
        () => this.#accepted.size < (this.#killAt[this.#kills + 1] ?? Number.POSITIVE_INFINITY),
      )
    }
  }

  async #post(batch: object[]): Promise<{ id: string }[]> {
    while (!this.#stopped.signal.aborted) {
      await this.#running.promise
      const results = await tryPost(this.#relay, batch)
      if (results) return results
      this.#failedPosts++
    }
    return []
  }
}

function listed(ids: readonly string[], onDisk: MessagesOnDisk, more = (_id: string) => ''): string[] {
  return ids.slice(0, LONGEST_LIST).map(id => onDisk.describe(id) + more(id))
}

/** After how many answers to kill: random, but each part of the journey gets its kill, and a while passes between two. */
function thresholds(): number[] {
  const step = MESSAGES / (KILLS + 1)
  return Array.from({ length: KILLS }, (_, index) => Math.floor(step * (index + 0.25 + Math.random() / 2)))
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
