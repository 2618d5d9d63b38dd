import { type Refusal, refusal } from './refusal.ts'

/** What this stand-in for Apple knows about a device token. A token it was told nothing about is good for everything. */
export interface DeviceTokenFacts {
  /** In another environment the token is unknown: 400 BadDeviceToken. */
  environment?: string
  /** The topic the app registered for: another one gets 400 DeviceTokenNotForTopic. */
  topic?: string
  /** The app was removed at this instant (ms): 410 Unregistered. */
  unregisteredAt?: number
  /** The token expired at this instant (ms): 410 ExpiredToken. */
  expiredAt?: number
}

export interface DeviceTokens {
  /** Replaces what was known; throws a RangeError for the 100,001st token. */
  set(token: string, facts: DeviceTokenFacts): void
  get(token: string): DeviceTokenFacts | undefined
  /** Makes the token an ordinary one again, as when the app was installed anew. */
  forget(token: string): void
  clear(): void
  check(token: string, topic: string): Refusal | undefined
}

const MAX_TOKENS = 100_000

export function createDeviceTokens(environment: string): DeviceTokens {
  const known = new Map<string, DeviceTokenFacts>()
  return {
    set(token, facts) {
      const key = token.toLowerCase()
      if (known.size >= MAX_TOKENS && !known.has(key)) throw new RangeError(`more than ${MAX_TOKENS} tokens`)
      known.set(key, { ...facts })
    },
    get: token => known.get(token.toLowerCase()),
    forget: token => void known.delete(token.toLowerCase()),
    clear: () => known.clear(),
    check(token, topic) {
      const facts = known.get(token)
      return facts === undefined ? undefined : judge(facts, topic, environment)
    },
  }
}

function judge(facts: DeviceTokenFacts, topic: string, environment: string): Refusal | undefined {
  if (facts.environment !== undefined && facts.environment !== environment) {
    return refusal(400, 'BadDeviceToken')
  }
  if (facts.topic !== undefined && facts.topic !== topic) return refusal(400, 'DeviceTokenNotForTopic')
  if (facts.unregisteredAt !== undefined) {
    return { ...refusal(410, 'Unregistered'), timestamp: facts.unregisteredAt }
  }
  if (facts.expiredAt !== undefined) return { ...refusal(410, 'ExpiredToken'), timestamp: facts.expiredAt }
  return undefined
}
