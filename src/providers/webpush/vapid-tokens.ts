import { SignJWT } from 'jose'
import type { Clock } from '../../domain/clock.ts'
import type { VapidKeys } from './vapid-keys.ts'

const HOUR_MS = 3_600_000
/** RFC 8292 §2 allows 24 hours; half of it forgives a clock that is off, ours or theirs. */
const LIFETIME_MS = 12 * HOUR_MS
/** Apple asks for at most one new token an hour (Sending web push notifications in web apps and browsers). */
const RENEW_AFTER_MS = 6 * HOUR_MS

/** What signs for every origin. */
export interface VapidSigner {
  keys: VapidKeys
  /** Contact of whoever runs this relay: `mailto:` or `https:`. */
  subject: string
  clock: Pick<Clock, 'now'>
}

/** The `authorization` header for one push service, signed anew twice in its lifetime. */
export class VapidToken {
  readonly #signer: VapidSigner
  readonly #origin: string
  #header: { text: string; issuedAt: number } | undefined
  #pending: Promise<string> | undefined

  constructor(signer: VapidSigner, origin: string) {
    this.#signer = signer
    this.#origin = origin
  }

  /** A promise only when it must be signed. */
  header(): string | Promise<string> {
    if (this.#header && this.#isFresh(this.#header.issuedAt)) return this.#header.text
    this.#pending ??= this.#sign().finally(() => {
      this.#pending = undefined
    })
    return this.#pending
  }

  /** A clock that was set back makes a token from the future. */
  #isFresh(issuedAt: number): boolean {
    return Math.abs(this.#signer.clock.now() - issuedAt) < RENEW_AFTER_MS
  }

  async #sign(): Promise<string> {
    const { keys, subject, clock } = this.#signer
    const issuedAt = clock.now()
    const jwt = await new SignJWT()
      .setProtectedHeader({ typ: 'JWT', alg: 'ES256' })
      .setAudience(this.#origin)
      .setExpirationTime(Math.floor((issuedAt + LIFETIME_MS) / 1000))
      .setSubject(subject)
      .sign(keys.privateKey)
    this.#header = { text: `vapid t=${jwt}, k=${keys.publicKey}`, issuedAt }
    return this.#header.text
  }
}
