import { setTimeout as sleep } from 'node:timers/promises'
import { HttpConnection, type HttpRequest } from '../load/http-connection.ts'
import { messageText } from '../load/messages.ts'
import { openLoop } from '../load/open-loop.ts'
import type { PostSource } from '../load/posts.ts'
import { ADMIN_TOKEN, HOOK_TOKEN, type Relay, startRelay } from '../system/relay.ts'
import { pendingMessages } from '../system/system.ts'
import { withDirectory } from '../system/temporary-directory.ts'
import { machineMs, stamp } from './stamp.ts'
import { type Stands, startStands, type Trouble } from './stands.ts'

const DOMAIN = 'bench.example'
const RECIPIENTS = 50
const CONNECTIONS = 16

/** What one half of a run came to. */
export interface Half {
  /** Milliseconds from when a message was due to be posted until its push arrived, by provider. */
  latencies: Record<string, number[]>
  /** What the relay used of one core, 0 to 1. */
  cpu: number
}

export interface IsolationRig {
  providers: readonly string[]
  /** Posts at this rate, perhaps with one provider in trouble from before the first post until after the last. */
  half(trouble?: Trouble): Promise<Half>
}

interface Load {
  messagesPerSecond: number
  ms: number
}

/** A relay, the simulators of all providers in another process, and recipients with a device of each. */
export function withIsolationRig<T>(
  parent: string,
  load: Load,
  use: (rig: IsolationRig) => Promise<T>,
): Promise<T> {
  return withDirectory(parent, async directory => {
    const stands = await startStands(directory)
    const connections: HttpConnection[] = []
    let relay: Relay | undefined
    try {
      relay = await startRelay(directory, stands.environment)
      const { port } = relay
      connections.push(
        ...(await Promise.all(Array.from({ length: CONNECTIONS + 1 }, () => HttpConnection.open(port)))),
      )
      const [control, ...posting] = connections as [HttpConnection, ...HttpConnection[]]
      await registerAll(control, stands)
      return await use(createRig({ stands, relay, control, posting, load }))
    } finally {
      for (const connection of connections) connection.close()
      await relay?.stop()
      await stands.stop()
    }
  })
}

interface Parts {
  stands: Stands
  relay: Relay
  control: HttpConnection
  posting: readonly HttpConnection[]
  load: Load
}

function createRig({ stands, relay, control, posting, load }: Parts): IsolationRig {
  let posted = 0

  /** Until everything has arrived everywhere, and is settled. */
  async function drain(): Promise<void> {
    const arrived = await stands.arrivals({ count: posted })
    for (const [name, count] of Object.entries(arrived)) {
      if (count !== posted) throw new Error(`${posted} messages were accepted, ${count} came to ${name}`)
    }
    while ((await pendingMessages(control)) > 0) await sleep(20)
  }

  return {
    providers: stands.names,
    async half(trouble) {
      if (trouble) await stands.afflict(trouble)
      await stands.begin()
      const posts = new StampedPosts(posted)
      const before = { ...(await relay.usage()), at: machineMs() }
      await openLoop(posting, posts, { postsPerSecond: load.messagesPerSecond, maxMs: load.ms })
      posted += posts.begun
      const after = { ...(await relay.usage()), at: machineMs() }
      // What comes late to the others is late, and must count.
      await stands.arrivals({ count: posted, ...(trouble && { except: trouble.name }) })
      const latencies = await stands.latencies()
      if (trouble) await stands.cure(trouble)
      await drain()
      return { latencies, cpu: (after.cpuMicros - before.cpuMicros) / 1000 / (after.at - before.at) }
    },
  }
}

/** Single messages, each of which says when it was due. */
class StampedPosts implements PostSource {
  readonly perPost = 1
  readonly #first: number
  readonly #offsetMs = machineMs() - performance.now()
  #begun = 0

  constructor(first: number) {
    this.#first = first
  }

  get begun(): number {
    return this.#begun
  }

  next(dueAt: number): HttpRequest {
    const number = this.#first + this.#begun++
    const body = {
      to: recipient(number),
      from: `friend@${DOMAIN}`,
      body: `${stamp(number, dueAt + this.#offsetMs)} ${messageText(number).toWellFormed()}`,
      type: 'chat',
      nick: 'A. Friend',
    }
    return { method: 'POST', path: '/v1/messages', token: HOOK_TOKEN, body: JSON.stringify(body) }
  }
}

function recipient(index: number): string {
  return `user-${index % RECIPIENTS}@${DOMAIN}`
}

async function registerAll(control: HttpConnection, stands: Stands): Promise<void> {
  for (let index = 0; index < RECIPIENTS; index++) {
    for (const [provider, address] of Object.entries(await stands.newDevice())) {
      const { status, body } = await control.request({
        method: 'PUT',
        path: `/v1/devices/${provider}`,
        token: ADMIN_TOKEN,
        body: JSON.stringify({ recipient: recipient(index), provider, ...address }),
      })
      if (status !== 201) throw new Error(`a device could not be registered: ${status} ${body}`)
    }
  }
}
