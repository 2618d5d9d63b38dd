import { systemClock } from '../../../src/domain/clock.ts'
import { createHttp1Client } from '../../../src/http1/create-http1-client.ts'
import { REQUEST, summary } from './rig.ts'

const client = createHttp1Client({
  origin: process.argv[2] ?? '',
  tls: {},
  clock: systemClock,
  onConnection: () => {},
})
const result = await client.request(REQUEST)
await client.close()
process.stdout.write(summary(result))
