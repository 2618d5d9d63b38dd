import { fcmError, type GoogleError, invalidArgument } from './google-error.ts'

/**
 * What is known of a registration token. `unregistered`: the app is gone; `mismatch`: of another project; `malformed`: not
 * one of FCM's; `throttled`: too many messages to this device; `third-party`: an iPhone's or a browser's, and Firebase has
 * no good credential for those.
 */
export const TOKEN_FATES = ['unregistered', 'mismatch', 'malformed', 'throttled', 'third-party'] as const
export type TokenFate = (typeof TOKEN_FATES)[number]

export interface RegistrationTokens {
  /** Throws a RangeError for the 100,001st token. */
  set(token: string, fate: TokenFate): void
  get(token: string): TokenFate | undefined
  /** Makes the token an ordinary one again. */
  forget(token: string): void
  clear(): void
  check(token: string): GoogleError | undefined
}

const MAX_TOKENS = 100_000
/** Google promises no form; this is what its tokens were made of so far. */
const TOKEN = /^[A-Za-z0-9:_-]{1,4096}$/
const NO_TOKEN = 'The registration token is not a valid FCM registration token'

export function createRegistrationTokens(): RegistrationTokens {
  const known = new Map<string, TokenFate>()
  return {
    set(token, fate) {
      if (known.size >= MAX_TOKENS && !known.has(token))
        throw new RangeError(`more than ${MAX_TOKENS} tokens`)
      known.set(token, fate)
    },
    get: token => known.get(token),
    forget: token => void known.delete(token),
    clear: () => known.clear(),
    check(token) {
      if (!TOKEN.test(token)) return invalidArgument(NO_TOKEN)
      const fate = known.get(token)
      return fate === undefined ? undefined : REFUSALS[fate]
    },
  }
}

const REFUSALS: Readonly<Record<TokenFate, GoogleError>> = {
  unregistered: fcmError('UNREGISTERED'),
  mismatch: fcmError('SENDER_ID_MISMATCH'),
  malformed: invalidArgument(NO_TOKEN),
  throttled: fcmError('QUOTA_EXCEEDED'),
  'third-party': fcmError('THIRD_PARTY_AUTH_ERROR'),
}
