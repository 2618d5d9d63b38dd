import { existsSync } from 'node:fs'
import { caddy } from './caddy.ts'
import { h2o } from './h2o.ts'
import { haproxy } from './haproxy.ts'
import { nginx } from './nginx.ts'
import { node } from './node.ts'
import type { ServerKind } from './server-kind.ts'

/** Each suite is looped over these. */
export const KINDS: readonly ServerKind[] = [nginx, haproxy, h2o, caddy, node]

/** It serves files and passes nothing on, so it has a suite of its own. */
export const NGHTTPD = { name: 'nghttpd', package: 'nghttp2-server', binary: '/usr/sbin/nghttpd' }

/** For `{ skip }`: why this server cannot be run here, or false. */
export function missing(server: Pick<ServerKind, 'package' | 'binary'>): string | false {
  return existsSync(server.binary) ? false : `needs a Debian package: ${server.package}`
}
