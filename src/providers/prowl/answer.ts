/** What Prowl itself said, as opposed to a proxy or an error page. */
export interface ProwlWord {
  element: 'success' | 'error'
  /** Absent when the element has none that is a number. */
  code?: number
  /** Calls left until `resetAt`; with a success. */
  remaining?: number
  /** Milliseconds since 1970. */
  resetAt?: number
  /** The text of an error. */
  text?: string
}

/** An answer is 130 bytes long; what comes before it (a warning that PHP prints) may be longer, but not without end. */
const LONGEST_ANSWER = 8192

const ELEMENT = /<prowl>\s*<(success|error)\b([^<>]*)>([^<]*)/
const NUMBERS = {
  code: /\scode\s*=\s*["'](\d{1,12})["']/,
  remaining: /\sremaining\s*=\s*["'](\d{1,12})["']/,
  resetdate: /\sresetdate\s*=\s*["'](\d{1,12})["']/,
}

/**
 * The one element of Prowl's answer; undefined when it is not there. An expression, no XML parser: one element without
 * nesting, entities that matter or namespaces is all there is, the outcome hangs on nothing else in the document, and what
 * it does not match is not taken for Prowl's. It reads a bounded text in linear time.
 */
export function readProwlWord(body: Buffer): ProwlWord | undefined {
  const match = ELEMENT.exec(body.toString('utf8', 0, LONGEST_ANSWER))
  if (match === null) return undefined
  const [, element, attributes = '', text = ''] = match
  const number = (pattern: RegExp) => {
    const digits = pattern.exec(attributes)?.[1]
    return digits === undefined ? undefined : Number(digits)
  }
  const code = number(NUMBERS.code)
  const remaining = number(NUMBERS.remaining)
  const resetDate = number(NUMBERS.resetdate)
  return {
    element: element === 'success' ? 'success' : 'error',
    ...(code === undefined ? {} : { code }),
    ...(remaining === undefined ? {} : { remaining }),
    // Unix seconds (https://www.prowlapp.com/api.php).
    ...(resetDate === undefined ? {} : { resetAt: resetDate * 1000 }),
    ...(element === 'error' ? { text: text.trim() } : {}),
  }
}
