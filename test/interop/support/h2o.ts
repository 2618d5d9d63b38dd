import { FILES, type ServerKind } from './server-kind.ts'

// https://h2o.examp1e.net/configure/http2_directives.html
export const h2o: ServerKind = {
  name: 'h2o',
  package: 'h2o',
  binary: '/usr/bin/h2o',
  ready: 'is ready to serve requests',
  can: new Set(['streams', 'idleMs'] as const),
  reload: 'SIGHUP',
  configure: ({ port, backendPort }, wishes, generation) => ({
    command: ['/usr/bin/h2o', '-m', 'master', '-c', 'h2o.conf'],
    file: 'h2o.conf',
    text: `
${process.getuid?.() === 0 ? 'user: root' : ''}
num-threads: 2
pid-file: h2o.pid
limit-request-body: 1073741824
http2-max-concurrent-requests-per-connection: ${wishes.streams ?? 100}
http2-idle-timeout: ${Math.ceil((wishes.idleMs ?? 60_000) / 1000)}
listen:
  host: 127.0.0.1
  port: ${port}
  ssl:
    certificate-file: ${FILES.certificate}
    key-file: ${FILES.key}
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://127.0.0.1:${backendPort}/
        proxy.preserve-host: ON
        header.set: "x-generation: ${generation}"
`,
  }),
}
