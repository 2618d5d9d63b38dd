import type { TestContext } from 'node:test'
import type { ApnsSimulatorOptions } from '../../src/simulator/apns/apns-simulator.ts'
import { cleanUp } from '../store/sqlite/support.ts'
import { ClusterWitness } from './cluster-witness.ts'
import { freePorts } from './ports.ts'
import { PostgresCluster } from './postgres-cluster.ts'
import { type Apple, RelayProcess, startApple } from './relay-process.ts'

export interface RelayCluster {
  database: PostgresCluster
  witness: ClusterWitness
  apple: Apple
  nodes: RelayProcess[]
}

export interface RelayClusterOptions {
  nodes: number
  apple?: Partial<ApnsSimulatorOptions>
  /** A server that others start and stop; without one, it is the test's own. */
  database?: PostgresCluster
  /** What the nodes are told of the database, when it is not its own address. */
  changeUrl?: (url: string) => string
}

/** A database of the test's own, a simulated Apple, and nodes that share both. All are gone when the test ends. */
export async function startRelayCluster(t: TestContext, options: RelayClusterOptions): Promise<RelayCluster> {
  const database = options.database ?? (await PostgresCluster.start())
  if (options.database === undefined) cleanUp(t, () => database.destroy())
  const apple = await startApple(options.apple)
  cleanUp(t, () => apple.close())
  const url = (await database.createDatabase()).url
  const { changeUrl = same => same } = options
  const ports = await freePorts(options.nodes)
  const nodes = ports.map(port => RelayProcess.node(port, apple, { RELAY_STORE: changeUrl(url) }))
  for (const node of nodes) {
    cleanUp(t, () => node.close())
    await node.run()
  }
  const witness = new ClusterWitness(url)
  await witness.install()
  return { database, witness, apple, nodes }
}
