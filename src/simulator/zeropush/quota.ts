/** What the account may still push. */
export interface Quota {
  allows(pushes: number): boolean
  spend(pushes: number): void
  /** From now on so many are left; `resetAt` in Unix seconds. */
  leave(remaining: number, resetAt?: number): void
  headers(): Readonly<Record<string, string>>
}

export function createQuota(limit: number): Quota {
  let remaining = limit
  let reset: number | undefined
  return {
    allows: pushes => pushes <= remaining,
    spend(pushes) {
      remaining -= pushes
    },
    leave(left, resetAt) {
      remaining = left
      reset = resetAt
    },
    headers: () => ({
      'x-push-quota': String(limit),
      'x-push-quota-remaining': String(remaining),
      'x-push-quota-overage': '0',
      // Clients had to cope with this text.
      'x-push-quota-reset': reset === undefined ? 'null' : String(reset),
    }),
  }
}
