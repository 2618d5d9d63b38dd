import { bad, good, type Parsed } from './parsed.ts'

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** Address of a server that may stand below a path; answered without a final slash. Plain HTTP only where nobody can listen in. */
export function serviceUrl(text: string): Parsed<string> {
  if (!URL.canParse(text)) return bad('must be a URL such as https://push.example.org/base')
  const { protocol, hostname, username, password, origin, pathname } = new URL(text)
  if (protocol !== 'https:' && !(protocol === 'http:' && LOOPBACK.test(hostname))) {
    return bad('must begin with https:// (credentials and texts travel there); http:// is for loopback only')
  }
  if (username !== '' || password !== '') return bad('must not hold a user or password')
  if (/[?#]/.test(text)) return bad('must end before ? and #')
  return good(`${origin}${pathname.replace(/\/+$/, '')}`)
}
