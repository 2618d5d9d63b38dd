/** What `application/x-www-form-urlencoded` leaves as it is (WHATWG URL §5.2), and `~`, which RFC 3986 §2.3 leaves too. */
const ENCODED = /^(?:[A-Za-z0-9*._~+-]|%[0-9A-Fa-f]{2})*$/
const MAX_PARAMETERS = 50

/**
 * The parameters of a body in which everything is percent-encoded. A text otherwise, saying what is not: a raw byte that is
 * taken today can be the `&` of somebody's message tomorrow.
 */
export function decodeForm(body: string): Map<string, string> | string {
  const parameters = new Map<string, string>()
  const pairs = body.split('&')
  if (pairs.length > MAX_PARAMETERS) return 'too many parameters'
  for (const [index, pair] of pairs.entries()) {
    const [name, value, ...rest] = pair.split('=').map(decode)
    if (name === undefined || name === '' || value === undefined || rest.length > 0) {
      return `parameter ${index + 1} is not percent-encoded UTF-8`
    }
    if (parameters.has(name)) return `parameter ${index + 1} is there twice`
    parameters.set(name, value)
  }
  return parameters
}

function decode(text: string): string | undefined {
  if (!ENCODED.test(text)) return undefined
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    // Bytes that are not UTF-8.
    return undefined
  }
}
