import assert from 'node:assert/strict'
import { OUTCOME_KINDS, type Outcome } from '../../../src/domain/outcome.ts'

const DAY_MS = 86_400_000

/** Looks at all that a provider says of itself for what nobody may learn. */
export interface Witness {
  /** Never to be shown from now on. */
  hide(...secrets: string[]): void
  /** Throws when something of it is shown. */
  see(...said: unknown[]): void
}

export function createWitness(credential: readonly string[]): Witness {
  const secrets = new Set(credential)
  return {
    hide: (...more) => {
      for (const secret of more) secrets.add(secret)
    },
    see(...said) {
      const shown = JSON.stringify(said)
      for (const secret of secrets) {
        assert.ok(!shown.includes(JSON.stringify(secret).slice(1, -1)), `a secret is shown: ${shown}`)
      }
    },
  }
}

/** Every field as the port promises it, whatever the provider was told. */
export function assertWellFormed(outcome: Outcome, scopes: readonly string[], now: number): void {
  assert.ok(OUTCOME_KINDS.includes(outcome.kind), outcome.kind)
  const { status, reason } = outcome
  if (status !== undefined) assert.ok(Number.isInteger(status) && status >= 100 && status <= 999)
  // Short and printable: it stands in logs, traces and on an operator's screen.
  if (reason !== undefined) assert.match(reason, /^[^\p{C}\p{Z}][^\p{C}]{0,99}$/u)
  if ('scope' in outcome && outcome.scope !== undefined) assert.ok(scopes.includes(outcome.scope))
  assertTimes(outcome, now)
}

function assertTimes(outcome: Outcome, now: number): void {
  if (outcome.kind === 'unregistered') assertWithin(outcome.since, 0, now)
  if (outcome.kind === 'deferred') assertWithin(outcome.untilMs, now, now + DAY_MS)
  if (outcome.kind === 'failed') assertWithin(outcome.retryAfterMs, 0, DAY_MS)
}

function assertWithin(value: number | undefined, least: number, most: number): void {
  if (value === undefined) return
  assert.ok(value >= least && value <= most, `${value} is not from ${least} to ${most}`)
}
