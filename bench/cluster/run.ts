import { postgresSkip } from '../../test/support/postgres-cluster.ts'
import { runCommand } from '../command.ts'
import { describeMachine } from '../machine.ts'
import { number, table } from '../markdown.ts'
import { compare, type Row } from './compare.ts'
import { type Sizes, withDatabase } from './database.ts'
import { type ClusterScale, FULL, QUICK } from './scale.ts'

process.exitCode = await runCommand({
  script: 'bench:cluster',
  directoryUse: 'where the databases are made and removed, also by the user postgres',
  full: FULL,
  quick: QUICK,
  refusal: postgresSkip || undefined,
  describeMachine,
  sections: {
    cluster: ({ directory, scale, print }) =>
      withDatabase(directory, async database => {
        const { rows, sizes } = await compare(directory, database, scale)
        print(`## Cluster\n\n${explanation(database.version, scale)}\n\n${tableOf(rows)}`)
        if (sizes) print(sentenceOf(sizes))
      }),
  },
})

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
