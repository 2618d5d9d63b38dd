import { closedLoop } from '../load/closed-loop.ts'
import type { HttpConnection } from '../load/http-connection.ts'
import { openLoop } from '../load/open-loop.ts'
import type { System } from '../system/system.ts'
import type { ClusterScale } from './scale.ts'

export interface Posted {
  messages: number
  seconds: number
}

/** How a system of so many nodes is posted to. */
export interface Load {
  name: string
  post(system: System, nodes: number): Promise<Posted>
}

/** Of each node: what several nodes add is to be seen, not what smaller batches cost. */
const SINGLES = { connections: 64, perPost: 1 }
const ARRAYS = { connections: 4, perPost: 100 }
const PACED = { connections: 16, perSecond: 400 }

/** As fast as it goes, and last, when all is warm, at a rate that one of several nodes has to do with. */
export function loadsOf({ messages, pacedMs }: ClusterScale): Load[] {
  return [
    { name: 'single posts', post: (system, nodes) => saturate(system, nodes, { ...SINGLES, messages }) },
    {
      name: `arrays of ${ARRAYS.perPost}`,
      post: (system, nodes) => saturate(system, nodes, { ...ARRAYS, messages }),
    },
    {
      name: `${PACED.perSecond} single posts/s per node`,
      post: (system, nodes) => pace(system, nodes, pacedMs),
    },
  ]
}

async function saturate(
  system: System,
  nodes: number,
  { connections, perPost, messages }: { connections: number; perPost: number; messages: number },
): Promise<Posted> {
  return closedLoop(await system.connect(connections * nodes), system.posts(messages * nodes, perPost))
}

async function pace(system: System, nodes: number, maxMs: number): Promise<Posted> {
  const { connections: each, perSecond } = PACED
  const connections = await system.connect(each * nodes)
  // To each node at its own pace.
  const ofNode = (node: number): HttpConnection[] => connections.filter((_, index) => index % nodes === node)
  const most = Math.ceil((perSecond * maxMs) / 1000) * 2
  const posted = await Promise.all(
    Array.from({ length: nodes }, (_, node) =>
      openLoop(ofNode(node), system.posts(most, 1), { postsPerSecond: perSecond, maxMs }),
    ),
  )
  return {
    messages: posted.reduce((sum, { messages }) => sum + messages, 0),
    seconds: Math.max(...posted.map(({ seconds }) => seconds)),
  }
}
