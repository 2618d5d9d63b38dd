import { ConnectionError } from '../errors.ts'
import { FLAGS, FRAME_TYPES, type Frame, hasFlag } from './frame.ts'

interface Rule {
  section: string
  /** Whether the frame belongs to a stream, to the connection, or to either. */
  stream: 'required' | 'forbidden' | 'either'
  /** Octets of the payload. */
  least: number
  most: number
}

const ANY = Number.POSITIVE_INFINITY

/** What can be said of a frame without knowing its stream. */
const RULES: Readonly<Record<keyof typeof FRAME_TYPES, Rule>> = {
  DATA: { section: '§6.1', stream: 'required', least: 0, most: ANY },
  HEADERS: { section: '§6.2', stream: 'required', least: 0, most: ANY },
  // Of wrong length it spoils its stream only; as everywhere we may end the connection instead (§5.4.1).
  PRIORITY: { section: '§6.3', stream: 'required', least: 5, most: 5 },
  RST_STREAM: { section: '§6.4', stream: 'required', least: 4, most: 4 },
  SETTINGS: { section: '§6.5', stream: 'forbidden', least: 0, most: ANY },
  PUSH_PROMISE: { section: '§6.6', stream: 'required', least: 0, most: ANY },
  PING: { section: '§6.7', stream: 'forbidden', least: 8, most: 8 },
  GOAWAY: { section: '§6.8', stream: 'forbidden', least: 8, most: ANY },
  WINDOW_UPDATE: { section: '§6.9', stream: 'either', least: 4, most: 4 },
  CONTINUATION: { section: '§6.10', stream: 'required', least: 0, most: ANY },
}

const BY_TYPE: readonly Rule[] = Object.entries(FRAME_TYPES)
  .toSorted(([, a], [, b]) => a - b)
  .map(([name]) => RULES[name as keyof typeof FRAME_TYPES])

/** Octets of the priority that a HEADERS frame may begin with (§6.2). Deprecated: skipped. */
const PRIORITY_SIZE = 5

/** Checks a frame of a known type, and takes padding and priority off its payload. Throws ConnectionError. */
export function checkFrame(frame: Frame): void {
  const rule = BY_TYPE[frame.type]
  if (!rule) return
  if (rule.stream !== 'either' && (frame.streamId === 0) !== (rule.stream === 'forbidden'))
    throw new ConnectionError('PROTOCOL_ERROR', `RFC 9113 ${rule.section}`, 'stream id 0 or not')
  if (frame.size < rule.least || frame.size > rule.most)
    throw frameSizeError(rule.most === ANY ? '§4.2' : rule.section, 'length of the payload')
  if (frame.type === FRAME_TYPES.DATA || frame.type === FRAME_TYPES.HEADERS) unwrap(frame, rule.section)
}

function unwrap(frame: Frame, section: string): void {
  const isPadded = hasFlag(frame, FLAGS.PADDED)
  const hasPriority = frame.type === FRAME_TYPES.HEADERS && hasFlag(frame, FLAGS.PRIORITY)
  if (!isPadded && !hasPriority) return
  const padLengthSize = isPadded ? 1 : 0
  const prioritySize = hasPriority ? PRIORITY_SIZE : 0
  if (frame.size < padLengthSize + prioritySize) throw frameSizeError('§4.2', 'padding or priority missing')
  const padding = isPadded ? (frame.bytes[frame.start] as number) : 0
  frame.start += padLengthSize + prioritySize
  frame.end -= padding
  if (frame.end < frame.start)
    throw new ConnectionError('PROTOCOL_ERROR', `RFC 9113 ${section}`, 'padding longer than the frame')
}

/** Frames of fixed length say so themselves; that others must not be too short for their mandatory fields, §4.2 says. */
function frameSizeError(section: string, message: string): ConnectionError {
  return new ConnectionError('FRAME_SIZE_ERROR', `RFC 9113 ${section}`, message)
}
