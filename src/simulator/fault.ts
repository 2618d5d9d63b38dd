import { constants } from 'node:http2'
import type { StrikeTiming } from './strikes.ts'

/** RFC 9113 §7. */
export const ERROR_CODES = {
  NO_ERROR: constants.NGHTTP2_NO_ERROR,
  PROTOCOL_ERROR: constants.NGHTTP2_PROTOCOL_ERROR,
  INTERNAL_ERROR: constants.NGHTTP2_INTERNAL_ERROR,
  FLOW_CONTROL_ERROR: constants.NGHTTP2_FLOW_CONTROL_ERROR,
  SETTINGS_TIMEOUT: constants.NGHTTP2_SETTINGS_TIMEOUT,
  STREAM_CLOSED: constants.NGHTTP2_STREAM_CLOSED,
  FRAME_SIZE_ERROR: constants.NGHTTP2_FRAME_SIZE_ERROR,
  REFUSED_STREAM: constants.NGHTTP2_REFUSED_STREAM,
  CANCEL: constants.NGHTTP2_CANCEL,
  COMPRESSION_ERROR: constants.NGHTTP2_COMPRESSION_ERROR,
  CONNECT_ERROR: constants.NGHTTP2_CONNECT_ERROR,
  ENHANCE_YOUR_CALM: constants.NGHTTP2_ENHANCE_YOUR_CALM,
  INADEQUATE_SECURITY: constants.NGHTTP2_INADEQUATE_SECURITY,
  HTTP_1_1_REQUIRED: constants.NGHTTP2_HTTP_1_1_REQUIRED,
} as const

export type ErrorCode = keyof typeof ERROR_CODES

/** Which requests a fault strikes. */
export interface FaultTarget extends StrikeTiming {
  /** Device token. */
  token?: string
  topic?: string
  /** Waits before it acts. */
  delayMs?: number
  /** The phone shows the push although its answer is the fault: the case in which a resend is a duplicate. */
  shown?: boolean
}

export type FaultAction =
  | {
      action: 'answer'
      status: number
      reason?: string
      /** Milliseconds. */
      timestamp?: number
      /** Sent as it is, as the `retry-after` header. */
      retryAfter?: string
      /** Sent instead of Apple's JSON, as a proxy would. */
      body?: string
    }
  | { action: 'delay'; delayMs: number }
  | { action: 'hang' }
  | { action: 'reset'; code?: ErrorCode }
  | {
      /** `lastStream`: whether the struck request is still processed (`this`) or not (`previous`, the default). */
      action: 'goaway'
      code?: ErrorCode
      reason?: string
      lastStream?: 'this' | 'previous'
    }
  | { action: 'drop' }

/** What goes wrong with requests that are otherwise right: a malformed one is refused whatever faults are set. */
export type Fault = FaultTarget & FaultAction

export interface FaultStatus {
  id: number
  fault: Fault
  strikes: number
}

export interface Faults {
  /** Checks the fault (throws BadInputError) and answers its id. Of several that fit a request the first strikes. */
  add(fault: Fault): number
  /** All or nothing. */
  replace(faults: readonly Fault[]): void
  remove(id: number): boolean
  clear(): void
  list(): FaultStatus[]
  /** The fault that strikes this request. */
  strike(token: string, topic: string): Fault | undefined
}
