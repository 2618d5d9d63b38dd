/** What a field must be, in a request as in a response (RFC 9113 §8.2). */

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
/** A control character other than a tab, or space around it (RFC 9110 §5.5). */
const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]|^[ \t]|[ \t]$/
/** They speak of an HTTP/1.1 connection. */
const CONNECTION_SPECIFIC = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** A token in lower case (RFC 9110 §5.6.2, RFC 9113 §8.2.1). */
export function isFieldName(name: string): boolean {
  return NAME.test(name)
}

/** RFC 9113 §8.2.1. One character is one octet. */
export function isFieldValue(value: string): boolean {
  return !BAD_VALUE.test(value)
}

/** RFC 9113 §8.2.2. */
export function isConnectionSpecific(name: string): boolean {
  return CONNECTION_SPECIFIC.has(name)
}
