import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { systemClock } from '../../src/domain/clock.ts'
import type { Http2Client, Http2Request } from '../../src/http2/http2-client.ts'
import { createHttp2Client } from '../../src/http2/pool.ts'
import { ProviderTokenSource } from '../../src/providers/apns/provider-token.ts'
import { secretsIn } from '../../test/support/secrets.ts'
import { deviceToken } from '../load/messages.ts'
import { APP } from '../system/relay.ts'
import type { StartPart } from './part.ts'

const AT_ONCE = 1000

/** From the bytes to Apple's answer: HTTP/2 and TLS to the simulator, which is a process of its own. */
export const wire: StartPart = async ({ simulator }) => {
  const { url: origin, caFile, keyFile, keyId, teamId } = simulator
  const credentials = { keyId, teamId, privateKey: readFileSync(keyFile, 'utf8') }
  const secrets = secretsIn()
  const jwt = await new ProviderTokenSource(credentials, secrets, systemClock).current()
  const http2 = createHttp2Client({
    origin,
    tls: { ca: readFileSync(caFile, 'utf8') },
    clock: systemClock,
    onConnection: () => {},
  })
  const headers = {
    authorization: `bearer ${jwt}`,
    'apns-push-type': 'alert',
    'apns-topic': APP,
    'apns-priority': '10',
  }
  const body = Buffer.from(JSON.stringify({ aps: { alert: { title: 'A. Friend', body: 'x'.repeat(100) } } }))
  return {
    async run(messages) {
      let begun = 0
      const drive = async () => {
        while (begun < messages) await push(http2, { ...requestFor(begun++), headers, body })
      }
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, messages) }, drive))
    },
    close: () => http2.close(),
  }
}

async function push(http2: Http2Client, request: Http2Request): Promise<void> {
  const result = await http2.request(request)
  if (result.kind !== 'response' || result.status !== 200)
    throw new Error(`a push failed: ${JSON.stringify(result)}`)
}

function requestFor(index: number): Pick<Http2Request, 'method' | 'path' | 'uniqueHeaders'> {
  const id = randomUUID()
  return {
    method: 'POST',
    path: `/3/device/${deviceToken(index)}`,
    uniqueHeaders: {
      'apns-id': id,
      'apns-expiration': String(Math.floor(systemClock.now() / 1000) + 60),
      'apns-collapse-id': id,
    },
  }
}
