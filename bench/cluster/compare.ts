import { type System, withSystem } from '../system/system.ts'
import { median } from '../wire/median.ts'
import type { Database } from './database.ts'
import { type Load, loadsOf } from './loads.ts'
import type { ClusterScale } from './scale.ts'

export interface Figures {
  acceptedPerSecond: number
  pushedPerSecond: number
  /** CPU per message, of all nodes together. */
  nodeMicros: number
  /** Of PostgreSQL; a file of SQLite is written by the node itself. */
  databaseMicros: number
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
export async function compare(directory: string, database: Database, scale: ClusterScale): Promise<Row[]> {
  const setups: Setup[] = [
    { store: 'SQLite', nodes: 1 },
    ...scale.nodes.map(nodes => ({ store: 'PostgreSQL', nodes }) as const),
  ]
  const loads = loadsOf(scale)
  const measured = new Map<string, Row[]>()
  for (let round = 0; round < scale.rounds; round++) {
    for (const setup of setups) {
      for (const row of await measure(directory, { database, setup, loads })) {
        const key = JSON.stringify([row.load, setup])
        measured.set(key, [...(measured.get(key) ?? []), row])
      }
    }
  }
  const rows = Array.from(measured.values(), medians)
  return loads.flatMap(({ name }) => rows.filter(({ load }) => load === name))
}

interface Measurement {
  database: Database
  setup: Setup
  loads: readonly Load[]
}

async function measure(directory: string, { database, setup, loads }: Measurement): Promise<Row[]> {
  const { store, nodes } = setup
  const databaseMicros = () => (store === 'PostgreSQL' ? database.cpuMicros() : 0)
  const options = store === 'PostgreSQL' ? { nodes, store: await database.newStore() } : {}
  return withSystem(
    directory,
    async system => {
      // Every process compiles what it runs.
      await loads[0]?.post(system, nodes)
      await system.delivered()
      const rows: Row[] = []
      for (const load of loads) {
        const figures = await measureLoad(system, { load, nodes, databaseMicros })
        rows.push({ ...setup, load: load.name, ...figures })
      }
      return rows
    },
    options,
  )
}

async function measureLoad(
  system: System,
  { load, nodes, databaseMicros }: { load: Load; nodes: number; databaseMicros: () => number },
): Promise<Figures> {
  const before = { nodes: (await system.usage()).cpuMicros, database: databaseMicros() }
  const startedAt = performance.now()
  const posted = await load.post(system, nodes)
  await system.arrived()
  const seconds = (performance.now() - startedAt) / 1000
  await system.delivered()
  return {
    acceptedPerSecond: posted.messages / posted.seconds,
    pushedPerSecond: posted.messages / seconds,
    nodeMicros: ((await system.usage()).cpuMicros - before.nodes) / posted.messages,
    databaseMicros: (databaseMicros() - before.database) / posted.messages,
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
  }
}
