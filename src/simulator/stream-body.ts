import type { ServerHttp2Stream } from 'node:http2'

/**
 * Calls `done` once: with the body, or with undefined as soon as it is longer than `limit`. Keeps no more than that. Of a client
 * that is gone before its body has ended nothing is heard.
 */
export function readBody(
  stream: ServerHttp2Stream,
  limit: number,
  done: (body: Buffer | undefined) => void,
): void {
  let chunks: Buffer[] = []
  let size = 0
  stream.on('data', (chunk: Buffer) => {
    const before = size
    size += chunk.length
    if (size <= limit) chunks.push(chunk)
    else if (before <= limit) {
      chunks = []
      done(undefined)
    }
  })
  stream.on('end', () => {
    if (size <= limit && !stream.aborted) done(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))
  })
}
