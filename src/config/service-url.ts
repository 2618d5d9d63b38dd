import { bad, good, type Parsed } from './parsed.ts'

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** An address to which credentials and texts may travel: plain HTTP only where nobody can listen in. */
export function safeUrl(text: string): Parsed<URL> {
  if (!URL.canParse(text)) return bad('must be a URL such as https://push.example.org/base')
  const url = new URL(text)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname))) {
    return bad('must begin with https:// (credentials and texts travel there); http:// is for loopback only')
  }
  if (url.username !== '' || url.password !== '') return bad('must not hold a user or password')
  return text.includes('#') ? bad('must end before #') : good(url)
}

/** Address of a server that may stand below a path; answered without a final slash. */
export function serviceUrl(text: string): Parsed<string> {
  const url = safeUrl(text)
  if (!url.ok) return url
  const { origin, pathname } = url.value
  return text.includes('?') ? bad('must end before ?') : good(`${origin}${pathname.replace(/\/+$/, '')}`)
}
