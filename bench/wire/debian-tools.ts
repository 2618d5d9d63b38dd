import { existsSync } from 'node:fs'

/** Where Debian has them; not everybody's PATH includes /usr/sbin. */
export const NGHTTPD = '/usr/sbin/nghttpd'
export const H2LOAD = '/usr/bin/h2load'

const PACKAGES = { [NGHTTPD]: 'nghttp2-server', [H2LOAD]: 'nghttp2-client' }

/** What has to be installed first, in one line, or nothing. */
export function missingTools(): string | undefined {
  const missing = Object.entries(PACKAGES).filter(([path]) => !existsSync(path))
  if (missing.length === 0) return undefined
  const paths = missing.map(([path]) => path).join(' and ')
  return `needs ${paths} (Debian packages: ${missing.map(([, name]) => name).join(' ')})`
}
