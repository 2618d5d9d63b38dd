import { readFileSync } from 'node:fs'
import { systemClock } from '../../../src/domain/clock.ts'
import { createHttp1Client } from '../../../src/http1/create-http1-client.ts'
import { REQUEST, summary } from './rig.ts'

const [origin = '', caFile] = process.argv.slice(2)
const client = createHttp1Client({
  origin,
  tls: caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') },
  clock: systemClock,
  onConnection: () => {},
})
const result = await client.request(REQUEST)
await client.close()
process.stdout.write(summary(result))
