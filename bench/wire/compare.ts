import { withDirectory } from '../system/temporary-directory.ts'
import { budgets } from './budgets.ts'
import { CLIENT_NAMES } from './clients/clients.ts'
import { type Contender, type PacedContender, startClient } from './contender.ts'
import { createH2load } from './h2load.ts'
import { type LatencyRow, measureLatency } from './latency.ts'
import type { WireScale } from './scale.ts'
import { type ServerName, type Servers, startServers } from './servers.ts'
import { latencyTable, throughputTable } from './tables.ts'
import { measureThroughput, perSecond, type ThroughputRow } from './throughput.ts'

const RATES = `Pushes per second and microseconds of CPU per push (user and kernel time of the client's process), one connection, as fast as
it goes; the median of all rounds. A round trip above 0 is made by a proxy that delays both directions.`

const LATENCIES = `Pushes at a fixed rate to nghttpd; time runs from the instant at which a push was due.`

/** Hands over one section of Markdown after the other. Throws when a push was not answered with 200. */
export function compare(parent: string, scale: WireScale, print: (section: string) => void): Promise<void> {
  return withDirectory(parent, async directory => {
    const servers = await startServers(directory)
    const clients = CLIENT_NAMES.map(name => startClient(name, directory))
    const contenders = { clients, all: [...clients, createH2load(directory)] }
    const names = contenders.all.map(({ name }) => name)
    try {
      const heat = { streams: Math.max(...scale.streams), ms: scale.heatMs }
      await connected({ servers, server: 'nghttpd', roundTripMs: 0 }, contenders.all, async () => {
        for (const contender of contenders.all) await contender.warmUp(heat)
      })
      const nghttpd = await measureNghttpd(servers, contenders, scale)
      print(`## nghttpd\n\n${RATES}\n\n${throughputTable(nghttpd.rates, names)}\n\n${budgets(nghttpd.rates)}`)
      const simulator = await measureSimulator(servers, contenders.all, scale)
      print(
        `## APNs simulator\n\nThe same; the simulator rests on Node's own server, and is what limits.\n\n${throughputTable(simulator, names)}`,
      )
      print(`## Latency\n\n${LATENCIES}\n\n${latencyTable(nghttpd.latencies, CLIENT_NAMES)}`)
    } finally {
      for (const { stop } of [...contenders.all, servers]) await stop()
    }
  })
}

interface Contenders {
  clients: readonly PacedContender[]
  all: readonly Contender[]
}

async function measureNghttpd(servers: Servers, { clients, all }: Contenders, scale: WireScale) {
  const rates: ThroughputRow[] = []
  const latencies: LatencyRow[] = []
  for (const roundTripMs of scale.roundTripsMs.nghttpd) {
    await connected({ servers, server: 'nghttpd', roundTripMs }, all, async () => {
      const rows = await measureThroughput(all, roundTripMs, scale)
      const most = (name: string) => Math.max(...rows.map(row => perSecond(row, name)))
      rates.push(...rows)
      latencies.push(...(await measureLatency(clients, { roundTripMs, most, scale })))
    })
  }
  return { rates, latencies }
}

async function measureSimulator(servers: Servers, contenders: readonly Contender[], scale: WireScale) {
  const rates: ThroughputRow[] = []
  for (const roundTripMs of scale.roundTripsMs.simulator) {
    await connected({ servers, server: 'simulator', roundTripMs }, contenders, async () => {
      rates.push(...(await measureThroughput(contenders, roundTripMs, scale)))
    })
  }
  return rates
}

interface Place {
  servers: Servers
  server: ServerName
  roundTripMs: number
}

async function connected(
  { servers, server, roundTripMs }: Place,
  contenders: readonly Contender[],
  use: () => Promise<void>,
): Promise<void> {
  const target = await servers.target(server, roundTripMs)
  for (const contender of contenders) await contender.connect(target)
  await use()
  for (const contender of contenders) await contender.disconnect()
}
