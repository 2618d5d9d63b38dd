import { setTimeout as sleep } from 'node:timers/promises'
import { HttpConnection } from '../load/http-connection.ts'
import { deviceToken, RECIPIENTS, recipient } from '../load/messages.ts'
import { Posts } from '../load/posts.ts'
import { ADMIN_TOKEN, apnsEnvironment, type Relay, startRelay } from './relay.ts'
import { startSimulator } from './simulator.ts'
import { withDirectory } from './temporary-directory.ts'
import type { Usage } from './usage.ts'

/** A relay, or several nodes of one, with registered phones and the simulator, each a process of its own. */
export interface System {
  /** To each node as many. */
  connect(count: number): Promise<HttpConnection[]>
  /** No message twice, however often it is asked for. */
  posts(limit: number, perPost: number): Posts
  /** Waits until everything that was posted has arrived; throws when some of it is lost or came twice. */
  arrived(): Promise<void>
  /** Waits until it is settled, too: nothing is under way any more. */
  delivered(): Promise<void>
  /** Runs `use` while the simulator cannot be reached; throws unless all that it posted waits. To begin when all is delivered. */
  duringOutage(use: () => Promise<void>): Promise<void>
  /** Of all nodes together. */
  usage(): Promise<Usage>
}

export interface SystemOptions {
  nodes?: number
  /** RELAY_STORE of every node; default a file of the one that there is. */
  store?: string
}

export function withSystem<T>(
  parent: string,
  use: (system: System) => Promise<T>,
  { nodes = 1, store }: SystemOptions = {},
): Promise<T> {
  return withDirectory(parent, async directory => {
    const simulator = await startSimulator(directory)
    const connections: HttpConnection[] = []
    const relays: Relay[] = []
    try {
      while (relays.length < nodes)
        relays.push(await startRelay(directory, apnsEnvironment(simulator.facts), store))
      const control = await HttpConnection.open(relays[0]?.port ?? 0)
      connections.push(control)
      for (let index = 0; index < RECIPIENTS; index++) await register(control, index)
      return await use(createSystem({ relays, simulator, control, connections }))
    } finally {
      for (const connection of connections) connection.close()
      for (const relay of relays) await relay.stop()
      await simulator.stop()
    }
  })
}

interface Parts {
  relays: readonly Relay[]
  simulator: Awaited<ReturnType<typeof startSimulator>>
  control: HttpConnection
  connections: HttpConnection[]
}

function createSystem({ relays, simulator, control, connections }: Parts): System {
  const all: Posts[] = []
  let first = 0
  const posted = () => all.reduce((sum, posts) => sum + posts.begun, 0)
  const arrived = async () => {
    const count = posted()
    const { distinct, repeated } = await simulator.arrivals(count)
    if (distinct === count && repeated === 0) return
    throw new Error(`${count} messages were accepted, ${distinct} of them pushed, ${repeated} repeatedly`)
  }
  return {
    async connect(count) {
      const ports = Array.from({ length: count }, (_, index) => relays[index % relays.length]?.port ?? 0)
      const opened = await Promise.all(ports.map(HttpConnection.open))
      connections.push(...opened)
      return opened
    },
    posts(limit, perPost) {
      const posts = new Posts({ first, limit, perPost })
      first += limit
      all.push(posts)
      return posts
    },
    arrived,
    async delivered() {
      await arrived()
      while ((await pendingMessages(control)) > 0) await sleep(20)
    },
    async duringOutage(use) {
      const before = posted()
      await simulator.vanish()
      await use()
      const [count, waiting] = [posted() - before, await pendingMessages(control)]
      if (waiting !== count) throw new Error(`${count} messages were accepted, only ${waiting} of them wait`)
      await simulator.acceptConnections()
    },
    usage: async () => (await Promise.all(relays.map(relay => relay.usage()))).reduce(sum),
  }
}

function sum(one: Usage, other: Usage): Usage {
  return {
    cpuMicros: one.cpuMicros + other.cpuMicros,
    rssBytes: one.rssBytes + other.rssBytes,
    peakRssBytes: one.peakRssBytes + other.peakRssBytes,
  }
}

async function register(connection: HttpConnection, index: number): Promise<void> {
  const registration = { recipient: recipient(index), provider: 'apns', token: deviceToken(index) }
  const { status, body } = await connection.request({
    method: 'PUT',
    path: '/v1/devices/phone',
    token: ADMIN_TOKEN,
    body: JSON.stringify(registration),
  })
  if (status !== 201) throw new Error(`a phone could not be registered: ${status} ${body}`)
}

export async function pendingMessages(connection: HttpConnection): Promise<number> {
  const { body } = await connection.request({ method: 'GET', path: '/health', token: ADMIN_TOKEN })
  return (JSON.parse(body) as { outbox: { pending: number } }).outbox.pending
}
