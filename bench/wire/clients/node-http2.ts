import { readFileSync } from 'node:fs'
import http2 from 'node:http2'
import { CONSTANT_FIELDS } from '../pushes.ts'
import { originOf } from '../target.ts'
import type { StartPusher } from './pusher.ts'

/** Node's own client, with no more around it than a push needs: no deadline, no queue, no exact outcome. */
export const nodeHttp2: StartPusher = (target, pushes) => {
  const session = http2.connect(originOf(target), { ca: readFileSync(target.caFile) })
  const prepared = pushes.map(({ path, unique, body }) => ({
    headers: {
      ':method': 'POST',
      ':path': path,
      authorization: `bearer ${target.jwt}`,
      ...CONSTANT_FIELDS,
      ...unique,
    },
    body,
  }))
  return {
    push: index => send(session, prepared[index]!),
    close: () => new Promise(resolve => session.close(resolve)),
  }
}

function send(
  session: http2.ClientHttp2Session,
  { headers, body }: { headers: http2.OutgoingHttpHeaders; body: Buffer },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers)
    let status: number | undefined
    stream.on('response', answer => {
      status = answer[':status']
    })
    stream.on('error', reject)
    stream.on('end', () =>
      status === 200 ? resolve() : reject(new Error(`node:http2 was answered ${status}`)),
    )
    stream.resume()
    stream.end(body)
  })
}
