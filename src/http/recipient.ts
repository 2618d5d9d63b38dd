import { parseAccountJid } from '../domain/jid.ts'
import type { Grant } from './credentials.ts'
import { errors } from './errors.ts'

/**
 * The recipient whose devices a call is about: the one of the credential, else the one that an admin names. Every name
 * that was given must be of that same recipient.
 */
export function recipientOf(grant: Grant | undefined, named: readonly (string | undefined)[]): string {
  const given = named.filter(name => name !== undefined).map(name => accountOf(name, 'recipient'))
  const recipient = grant?.kind === 'recipient' ? grant.recipient : given[0]
  if (recipient === undefined) throw new errors.recipientRequired()
  if (given.some(name => name !== recipient)) throw new errors.wrongRecipient()
  return recipient
}

/** A JID that a caller wrote in the field `field`, in its normalised form. */
export function accountOf(text: string, field: string): string {
  const parsed = parseAccountJid(text)
  if (!parsed.ok) throw new errors.invalidJid(field)
  return parsed.jid
}
