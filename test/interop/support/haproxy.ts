import { connect } from 'node:net'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { FILES, type ServerKind } from './server-kind.ts'

const CONTROL = 'master.sock'

// https://docs.haproxy.org/2.6/configuration.html
export const haproxy: ServerKind = {
  name: 'haproxy',
  package: 'haproxy',
  binary: '/usr/sbin/haproxy',
  ready: 'Loading success',
  can: new Set(['streams', 'idleMs', 'clientCertificates'] as const),
  refusesAnswerless: true,
  // Its master process loses signals, and refuses commands, for a moment after it has said that all is loaded.
  reload: async ({ folder }) => {
    while ((await command(folder, 'show proc')) === '') await setImmediate()
    await command(folder, 'reload')
  },
  configure: ({ port, backendPort }, wishes, generation) => ({
    command: ['/usr/sbin/haproxy', '-W', '-S', `unix@${CONTROL}`, '-f', 'haproxy.cfg'],
    file: 'haproxy.cfg',
    text: `
global
  nbthread 2
  maxconn 2000
  tune.bufsize 131072
  tune.maxrewrite 32768
  tune.h2.max-concurrent-streams ${wishes.streams ?? 100}
defaults
  mode http
  retries 0
  timeout connect 10s
  timeout server 60s
  timeout client ${wishes.idleMs ?? 60_000}ms
  timeout http-keep-alive ${wishes.idleMs ?? 60_000}ms
frontend front
  bind 127.0.0.1:${port} ssl crt ${FILES.both} alpn h2 ${wishes.clientCertificates ? `ca-file ${FILES.authority} verify required` : ''}
  http-request set-header x-server-name %[ssl_fc_sni]
  http-response set-header x-generation ${generation}
  default_backend back
backend back
  server backend 127.0.0.1:${backendPort}
`,
  }),
}

/** To the master process; its answer, empty when there is none. */
async function command(folder: string, text: string): Promise<string> {
  const socket = connect(join(folder, CONTROL))
  let answer = ''
  socket.on('data', chunk => {
    answer += chunk
  })
  // Refused, or cut off by what was asked for: no answer.
  socket.on('error', () => {})
  socket.end(`${text}\n`)
  await new Promise(resolve => socket.once('close', resolve))
  return answer
}
