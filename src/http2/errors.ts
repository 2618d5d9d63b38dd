/** RFC 9113 §7. */
export const ERROR_CODES = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const

export type ErrorName = keyof typeof ERROR_CODES

const NAMES = new Map<number, ErrorName>(
  Object.entries(ERROR_CODES).map(([name, code]) => [code, name as ErrorName]),
)

/** Unknown codes have no special meaning (§7); they are told apart only by their number. */
export function errorName(code: number): string {
  return NAMES.get(code) ?? `error-${code}`
}

abstract class BrokenRule extends Error {
  readonly code: ErrorName
  /** Such as `RFC 9113 §6.7`. */
  readonly rule: string

  constructor(code: ErrorName, rule: string, message: string) {
    super(message)
    this.code = code
    this.rule = rule
  }
}

/**
 * The peer broke a rule that makes the whole connection unusable (RFC 9113 §5.4.1). Thrown while bytes are read, caught
 * once, by the connection: it never leaves the engine.
 */
export class ConnectionError extends BrokenRule {
  override readonly name = 'ConnectionError'
}

/** The peer broke a rule that makes one stream unusable (RFC 9113 §5.4.2). Thrown and caught as ConnectionError is. */
export class StreamError extends BrokenRule {
  override readonly name = 'StreamError'
}

/** Where a bug of ours threw, as `TypeError at exchange.ts:50`: enough to find it, and no path or value. */
export function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'thrown value'
  const place = /([\w-]+\.ts:\d+)/.exec(error.stack ?? '')?.[1]
  return place === undefined ? error.name : `${error.name} at ${place}`
}
