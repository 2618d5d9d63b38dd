import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { postgresSkip } from '../../test/support/postgres-cluster.ts'
import { describeMachine, QUICK_NOTE } from '../machine.ts'
import { number, table } from '../markdown.ts'
import { watchOthers } from '../others.ts'
import { compare, type Row } from './compare.ts'
import { type Sizes, withDatabase } from './database.ts'
import { type ClusterScale, FULL, QUICK } from './scale.ts'

const HELP = `npm run bench:cluster -- [options]

  --directory=<path>   where the databases are made and removed, also by the user postgres; default ${tmpdir()}
  --quick              small numbers, to see that it works
`

const USAGE_ERROR = 2

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
process.exitCode = await run()

async function run(): Promise<number> {
  const chosen = readOptions()
  if (typeof chosen === 'string' || postgresSkip !== false) {
    console.error(typeof chosen === 'string' ? chosen : postgresSkip)
    return USAGE_ERROR
  }
  const { directory, scale } = chosen
  console.log(`${await describeMachine(directory)}\n`)
  if (scale === QUICK) console.log(`${QUICK_NOTE}\n`)
  const shareOfOthers = watchOthers()
  try {
    await withDatabase(directory, async database => {
      const { rows, sizes } = await compare(directory, database, scale)
      console.log(`## Cluster\n\n${explanation(database.version, scale)}\n\n${tableOf(rows)}\n`)
      if (sizes) console.log(`${sentenceOf(sizes)}\n`)
    })
    return 0
  } catch (error) {
    console.error(`FAILED: ${error instanceof Error ? error.message : String(error)}`)
    return 1
  } finally {
    console.log(`Meanwhile other processes had ${Math.round(shareOfOthers() * 100)} % of the machine.`)
  }
}

function explanation(version: string, { messages, rounds }: ClusterScale): string {
  return `To each node ${number(messages)} messages, each for one phone, as fast as they are accepted, and then some at a fixed rate; from the first
post to the last push at the APNs simulator. One PostgreSQL ${version} for all nodes; SQLite for comparison, in a node
of its own. CPU is user and kernel time per message, of all nodes together and of all processes of PostgreSQL; log is its WAL, full pages included. Load, simulator,
nodes and database share the cores: with more nodes the rate need not grow, but what a message costs should not either. Where
more is accepted than pushed, what waits is written and read once more.${rounds > 1 ? ` The median of ${rounds} rounds.` : ''} Lost or repeated pushes fail the bench.`
}

function sentenceOf({ trace, key }: Sizes): string {
  return `On PostgreSQL's disk, indexes included, a message that is over takes ${number(trace)} bytes, and the key by which its repetition is known ${number(key)}.`
}

function tableOf(rows: readonly Row[]): string {
  const head = [
    '',
    'nodes',
    'accepted/s',
    'pushes/s',
    'nodes: CPU µs',
    'database: CPU µs',
    'together',
    'log, bytes',
  ]
  const cells = rows.map(row => [
    `${row.store}, ${row.load}`,
    String(row.nodes),
    number(row.acceptedPerSecond),
    number(row.pushedPerSecond),
    number(row.nodeMicros),
    row.store === 'SQLite' ? '' : number(row.databaseMicros),
    number(row.nodeMicros + row.databaseMicros),
    row.store === 'SQLite' ? '' : number(row.logBytes),
  ])
  return table(head, cells)
}

/** What to run, or what is wrong with what was asked for. */
function readOptions(): { scale: ClusterScale; directory: string } | string {
  try {
    const { values } = parseArgs({ options: { directory: { type: 'string' }, quick: { type: 'boolean' } } })
    return { scale: values.quick ? QUICK : FULL, directory: resolve(values.directory ?? tmpdir()) }
  } catch {
    // parseArgs refuses options that it was not told about.
    return HELP
  }
}
