import { type System, withSystem } from '../system/system.ts'
import { median } from '../wire/median.ts'
import type { Database, Sizes } from './database.ts'
import { type Load, loadsOf } from './loads.ts'
import type { ClusterScale } from './scale.ts'

export interface Figures {
  acceptedPerSecond: number
  pushedPerSecond: number
  /** CPU per message, of all nodes together. */
  nodeMicros: number
  /** Of PostgreSQL; a file of SQLite is written by the node itself. */
  databaseMicros: number
  /** Of PostgreSQL's log, per message. */
  logBytes: number
}

export interface Comparison {
  rows: Row[]
  /** With one node. */
  sizes: Sizes | undefined
}

export interface Row extends Figures {
  store: 'PostgreSQL' | 'SQLite'
  nodes: number
  load: string
}

interface Setup {
  store: Row['store']
  nodes: number
}

/** Every set-up in turn, and that again: what happens to the machine meanwhile happens to all of them. */
export async function compare(
  directory: string,
  database: Database,
  scale: ClusterScale,
): Promise<Comparison> {
  const setups: Setup[] = [
    { store: 'SQLite', nodes: 1 },
    ...scale.nodes.map(nodes => ({ store: 'PostgreSQL', nodes }) as const),
  ]
  const loads = loadsOf(scale)
  const measured = new Map<string, Row[]>()
  let sizes: Sizes | undefined
  for (let round = 0; round < scale.rounds; round++) {
    for (const setup of setups) {
      const measurement = await measure(directory, { database, setup, loads })
      sizes ??= measurement.sizes
      for (const row of measurement.rows) {
        const key = JSON.stringify([row.load, setup])
        measured.set(key, [...(measured.get(key) ?? []), row])
      }
    }
  }
  const rows = Array.from(measured.values(), medians)
  return { rows: loads.flatMap(({ name }) => rows.filter(({ load }) => load === name)), sizes }
}

interface Measurement {
  database: Database
  setup: Setup
  loads: readonly Load[]
}

async function measure(directory: string, { database, setup, loads }: Measurement): Promise<Comparison> {
  const { nodes } = setup
  const store = setup.store === 'PostgreSQL' ? await database.newStore() : undefined
  const usageOfDatabase = async () => ({
    micros: store === undefined ? 0 : database.cpuMicros(),
    logBytes: store === undefined ? 0 : await database.logBytes(),
  })
  return withSystem(
    directory,
    async system => {
      // Every process compiles what it runs.
      await loads[0]?.post(system, nodes)
      await system.delivered()
      const rows: Row[] = []
      for (const load of loads) {
        const figures = await measureLoad(system, { load, nodes, usageOfDatabase })
        rows.push({ ...setup, load: load.name, ...figures })
      }
      return { rows, sizes: store === undefined ? undefined : await database.sizes(store) }
    },
    store === undefined ? {} : { nodes, store },
  )
}

interface DatabaseUsage {
  micros: number
  logBytes: number
}

async function measureLoad(
  system: System,
  {
    load,
    nodes,
    usageOfDatabase,
  }: { load: Load; nodes: number; usageOfDatabase: () => Promise<DatabaseUsage> },
): Promise<Figures> {
  const before = { nodes: (await system.usage()).cpuMicros, database: await usageOfDatabase() }
  const startedAt = performance.now()
  const posted = await load.post(system, nodes)
  await system.arrived()
  const seconds = (performance.now() - startedAt) / 1000
  await system.delivered()
  const after = { nodes: (await system.usage()).cpuMicros, database: await usageOfDatabase() }
  return {
    acceptedPerSecond: posted.messages / posted.seconds,
    pushedPerSecond: posted.messages / seconds,
    nodeMicros: (after.nodes - before.nodes) / posted.messages,
    databaseMicros: (after.database.micros - before.database.micros) / posted.messages,
    logBytes: (after.database.logBytes - before.database.logBytes) / posted.messages,
  }
}

function medians(rows: readonly Row[]): Row {
  const [first] = rows
  if (first === undefined) throw new Error('nothing was measured')
  const of = (figure: keyof Figures) => median(rows.map(row => row[figure]))
  return {
    ...first,
    acceptedPerSecond: of('acceptedPerSecond'),
    pushedPerSecond: of('pushedPerSecond'),
    nodeMicros: of('nodeMicros'),
    databaseMicros: of('databaseMicros'),
    logBytes: of('logBytes'),
  }
}
