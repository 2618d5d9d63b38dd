import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadResult } from './closed-loop.ts'
import type { HttpConnection } from './http-connection.ts'
import { Latencies } from './latencies.ts'
import { type PostSource, post } from './posts.ts'

/**
 * Posts at a fixed rate, whatever the answers do. A latency runs from the instant at which the post was due, so that a
 * stall counts for everyone who would have had to wait.
 */
export async function openLoop(
  connections: readonly HttpConnection[],
  posts: PostSource,
  options: { postsPerSecond: number; maxMs: number },
): Promise<LoadResult> {
  const latencies = new Latencies()
  const idle = [...connections]
  const due: number[] = []
  const { promise: failed, reject } = Promise.withResolvers<never>()
  failed.catch(() => undefined)
  const serve = async (connection: HttpConnection) => {
    for (let dueAt = due.shift(); dueAt !== undefined; dueAt = due.shift()) {
      const request = posts.next(dueAt)
      if (request === undefined) break
      await post(connection, request, posts.perPost)
      latencies.add(performance.now() - dueAt)
    }
    idle.push(connection)
  }
  const startedAt = performance.now()
  let scheduled = 0
  while (performance.now() - startedAt < options.maxMs) {
    for (; dueAt(scheduled) <= performance.now(); scheduled++) due.push(dueAt(scheduled))
    // In turn: the relay closes a connection that is idle for two minutes.
    while (due.length > 0 && idle.length > 0) serve(idle.shift() as HttpConnection).catch(reject)
    await Promise.race([sleep(1), failed])
  }
  while (idle.length < connections.length) await Promise.race([sleep(1), failed])
  return { messages: posts.begun, seconds: (performance.now() - startedAt) / 1000, latencies }

  function dueAt(index: number): number {
    return startedAt + (index * 1000) / options.postsPerSecond
  }
}
