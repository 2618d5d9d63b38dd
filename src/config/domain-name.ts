import { normaliseDomain } from '../domain/jid.ts'
import { bad, good, type Parsed } from './parsed.ts'

/** Normalised as every JID is, so that a domain written here equals the one in a message. */
export function domain(text: string): Parsed<string> {
  const normalised = normaliseDomain(text)
  return normalised.ok ? good(normalised.domain) : bad('must be a domain such as example.org')
}
