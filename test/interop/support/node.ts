import { join } from 'node:path'
import type { ServerKind } from './server-kind.ts'

const PROXY = join(import.meta.dirname, 'node-proxy.ts')

/** Node's own HTTP/2 server, in its own process, so that it can be killed. */
export const node: ServerKind = {
  name: 'node',
  package: undefined,
  binary: process.execPath,
  ready: 'listening',
  can: new Set(['streams', 'idleMs', 'requestsPerConnection', 'clientCertificates'] as const),
  reload: 'SIGHUP',
  configure: ({ port, backendPort }, wishes, generation) => ({
    command: [process.execPath, PROXY, 'node.json'],
    file: 'node.json',
    text: JSON.stringify({ port, backendPort, generation, ...wishes }),
  }),
}
