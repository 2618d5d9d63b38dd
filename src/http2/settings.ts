import { ConnectionError, type ErrorName } from './errors.ts'
import { FLAGS, type Frame, hasFlag } from './frames/frame.ts'
import { DEFAULT_TABLE_SIZE } from './hpack/dynamic-table.ts'

/** RFC 9113 §6.5.2. */
export const SETTINGS = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
} as const

export const MAX_WINDOW_SIZE = 2 ** 31 - 1
export const DEFAULT_WINDOW_SIZE = 65_535

const ENTRY_SIZE = 6
const LEAST_MAX_FRAME_SIZE = 2 ** 14
const MOST_MAX_FRAME_SIZE = 2 ** 24 - 1

/** What the peer has announced; its defaults until then. */
export interface PeerSettings {
  headerTableSize: number
  /** The smallest that the last frame left or said in between: the encoder has to follow it too (RFC 7541 §4.2). */
  leastHeaderTableSize: number
  maxConcurrentStreams: number
  initialWindowSize: number
  maxFrameSize: number
}

export function defaultPeerSettings(): PeerSettings {
  return {
    headerTableSize: DEFAULT_TABLE_SIZE,
    leastHeaderTableSize: DEFAULT_TABLE_SIZE,
    maxConcurrentStreams: Number.POSITIVE_INFINITY,
    initialWindowSize: DEFAULT_WINDOW_SIZE,
    maxFrameSize: LEAST_MAX_FRAME_SIZE,
  }
}

/** Entries of a SETTINGS frame; 0 for an acknowledgement. */
export function countSettings({ size }: Frame): number {
  return size / ENTRY_SIZE
}

/**
 * Applies a SETTINGS frame to `settings`, entry by entry in their order (§6.5.3); of several for one setting the last
 * counts. Unknown ones are ignored. Throws ConnectionError.
 */
export function applySettings(frame: Frame, settings: PeerSettings): void {
  if (frame.size % ENTRY_SIZE !== 0)
    throw settingsError('FRAME_SIZE_ERROR', '§6.5', 'SETTINGS of broken length')
  settings.leastHeaderTableSize = settings.headerTableSize
  for (let at = frame.start; at < frame.end; at += ENTRY_SIZE)
    apply(settings, frame.bytes.readUInt16BE(at), frame.bytes.readUInt32BE(at + 2))
}

/** Throws ConnectionError for an acknowledgement that says anything. */
export function isSettingsAck(frame: Frame): boolean {
  if (!hasFlag(frame, FLAGS.ACK)) return false
  if (frame.size > 0)
    throw settingsError('FRAME_SIZE_ERROR', '§6.5', 'SETTINGS acknowledgement with a payload')
  return true
}

function apply(settings: PeerSettings, id: number, value: number): void {
  switch (id) {
    case SETTINGS.HEADER_TABLE_SIZE:
      settings.headerTableSize = value
      settings.leastHeaderTableSize = Math.min(settings.leastHeaderTableSize, value)
      break
    case SETTINGS.ENABLE_PUSH:
      if (value !== 0) throw settingsError('PROTOCOL_ERROR', '§6.5.2', 'SETTINGS_ENABLE_PUSH from a server')
      break
    case SETTINGS.MAX_CONCURRENT_STREAMS:
      settings.maxConcurrentStreams = value
      break
    case SETTINGS.INITIAL_WINDOW_SIZE:
      if (value > MAX_WINDOW_SIZE)
        throw settingsError('FLOW_CONTROL_ERROR', '§6.5.2', 'SETTINGS_INITIAL_WINDOW_SIZE too large')
      settings.initialWindowSize = value
      break
    case SETTINGS.MAX_FRAME_SIZE:
      if (value < LEAST_MAX_FRAME_SIZE || value > MOST_MAX_FRAME_SIZE)
        throw settingsError('PROTOCOL_ERROR', '§6.5.2', 'SETTINGS_MAX_FRAME_SIZE out of bounds')
      settings.maxFrameSize = value
      break
    // MAX_HEADER_LIST_SIZE is advice (§6.5.2); the requests of a provider are far below what anybody refuses.
    default:
      break
  }
}

function settingsError(code: ErrorName, section: string, message: string): ConnectionError {
  return new ConnectionError(code, `RFC 9113 ${section}`, message)
}
