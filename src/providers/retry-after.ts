/** Longer promises than a day are taken for an error: a slip on their side must not silence us for weeks. */
const LONGEST_MS = 86_400_000
/** The three forms of an HTTP date begin so (RFC 9110 §5.6.7); Date.parse alone also makes dates of numbers and words. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /

/**
 * How long a `retry-after` header asks to wait, in milliseconds: seconds or an HTTP date (RFC 9110 §10.2.3). Undefined
 * when there is none, when it says nothing of use, or more than a day: then our own pace decides.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? ''
  const ms = /^\d{1,10}$/.test(text) ? Number(text) * 1000 : untilDate(text, now)
  return ms > 0 && ms <= LONGEST_MS ? ms : undefined
}

function untilDate(text: string, now: number): number {
  return HTTP_DATE.test(text) ? Date.parse(utc(text)) - now : Number.NaN
}

/** The form of C's asctime names no zone, and means UTC all the same. */
function utc(text: string): string {
  return text.endsWith(' GMT') ? text : `${text} GMT`
}
