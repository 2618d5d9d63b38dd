import { readFileSync } from 'node:fs'
import { systemClock } from '../../../src/domain/clock.ts'
import type { RequestResult } from '../../../src/http2/http2-client.ts'
import { createHttp2Client } from '../../../src/http2/pool.ts'
import { CONSTANT_FIELDS } from '../pushes.ts'
import { originOf } from '../target.ts'
import type { StartPusher } from './pusher.ts'

/** The relay's own engine as its providers use it, kept to one connection. */
export const engine: StartPusher = (target, pushes) => {
  const client = createHttp2Client({
    origin: originOf(target),
    tls: { ca: readFileSync(target.caFile, 'utf8') },
    clock: systemClock,
    limits: { connections: 1 },
    onConnection: () => {},
  })
  const headers = { authorization: `bearer ${target.jwt}`, ...CONSTANT_FIELDS }
  const prepared = pushes.map(({ path, unique, body }) => ({
    method: 'POST',
    path,
    headers,
    uniqueHeaders: unique,
    body,
  }))
  return {
    push: index => client.request(prepared[index]!).then(check),
    close: () => client.close(),
  }
}

function check(result: RequestResult): void {
  if (result.kind === 'response' && result.status === 200) return
  const reason = result.kind === 'response' ? result.status : result.reason
  throw new Error(`the engine ended with ${result.kind}: ${reason}`)
}
