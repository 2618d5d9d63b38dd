/** An answer other than 200. `detail` is ours, for whoever debugs a relay: a place in the request, never its content. */
export interface Refusal {
  status: number
  reason: string
  /** Milliseconds; only with 410. */
  timestamp?: number
  detail?: string
}

export function refusal(status: number, reason: string, detail?: string): Refusal {
  return detail === undefined ? { status, reason } : { status, reason, detail }
}

export function isRefusal(value: object): value is Refusal {
  return 'reason' in value && 'status' in value
}
