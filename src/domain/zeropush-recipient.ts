import { hash } from 'node:crypto'

/**
 * The domain of the recipients that stand for devices of the ZeroPush API. No account can have it: `.invalid` is reserved
 * (RFC 6761 §6.4), and jid.ts refuses this name, so that neither a JWT nor an admin nor a message can mean such a device.
 */
export const ZEROPUSH_DOMAIN = 'zeropush.invalid'

/** Under which a device of the ZeroPush API has its registration, its messages and their traces. */
export function zeropushRecipient(token: string): string {
  return `${hash('sha256', token, 'hex').slice(0, 32)}@${ZEROPUSH_DOMAIN}`
}

const RECIPIENT = /^[0-9a-f]{32}@zeropush\.invalid$/

export function isZeropushRecipient(recipient: string): boolean {
  return RECIPIENT.test(recipient)
}
