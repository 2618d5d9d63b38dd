import { readFileSync } from 'node:fs'
import { systemClock } from '../../../src/domain/clock.ts'
import { createHttp2Client } from '../../../src/http2/pool.ts'

/** One request to `origin`, trusting the authority in `caFile` if there is one; prints what came of it. For other options of node. */
const [origin = '', caFile] = process.argv.slice(2)
const client = createHttp2Client({
  origin,
  tls: caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') },
  clock: systemClock,
  onConnection: () => {},
})
const result = await client.request({
  method: 'GET',
  path: '/',
  headers: {},
  uniqueHeaders: {},
  body: Buffer.alloc(0),
})
process.stdout.write(result.kind === 'response' ? String(result.status) : `${result.kind} ${result.reason}`)
await client.close()
