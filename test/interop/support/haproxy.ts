import { FILES, type ServerKind } from './server-kind.ts'

// https://docs.haproxy.org/2.6/configuration.html
export const haproxy: ServerKind = {
  name: 'haproxy',
  package: 'haproxy',
  binary: '/usr/sbin/haproxy',
  ready: 'Loading success',
  can: new Set(['streams', 'idleMs', 'clientCertificates'] as const),
  refusesAnswerless: true,
  reload: 'SIGUSR2',
  configure: ({ port, backendPort }, wishes, generation) => ({
    command: ['/usr/sbin/haproxy', '-W', '-f', 'haproxy.cfg'],
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
