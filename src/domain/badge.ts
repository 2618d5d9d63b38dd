/** No phone shows a larger one, and every provider's number type holds it. */
export const MAX_BADGE = 999_999

/** `add` may be negative; a badge never is, nor is it larger than the largest. */
export type BadgeChange = { set: number } | { add: number }
