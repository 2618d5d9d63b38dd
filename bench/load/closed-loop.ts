import type { HttpConnection } from './http-connection.ts'
import { Latencies } from './latencies.ts'
import { type Posts, post } from './posts.ts'

export interface LoadResult {
  messages: number
  seconds: number
  latencies: Latencies
}

/** As fast as it goes: every connection posts again as soon as it is answered, until nothing is left or time is up. */
export async function closedLoop(
  connections: readonly HttpConnection[],
  posts: Posts,
  maxMs = Number.POSITIVE_INFINITY,
): Promise<LoadResult> {
  const latencies = new Latencies()
  const startedAt = performance.now()
  const drive = async (connection: HttpConnection) => {
    for (;;) {
      const sentAt = performance.now()
      const request = sentAt - startedAt < maxMs ? posts.next() : undefined
      if (request === undefined) return
      await post(connection, request, posts.perPost)
      latencies.add(performance.now() - sentAt)
    }
  }
  await Promise.all(connections.map(drive))
  return { messages: posts.begun, seconds: (performance.now() - startedAt) / 1000, latencies }
}
