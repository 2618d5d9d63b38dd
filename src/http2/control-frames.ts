import type { BodySender } from './body-sender.ts'
import { ConnectionError } from './errors.ts'
import type { FloodGuard } from './flood-guard.ts'
import { FLAGS, type Frame, hasFlag } from './frames/frame.ts'
import { writePing, writeSettingsAck } from './frames/frame-writer.ts'
import type { HeaderEncoder } from './hpack/header-encoder.ts'
import type { Outbox } from './outbox.ts'
import { applySettings, countSettings, isSettingsAck, type PeerSettings } from './settings.ts'
import type { Streams } from './streams.ts'

export interface ControlFramesParts {
  streams: Streams
  bodies: BodySender
  encoder: HeaderEncoder
  outbox: Outbox
  guard: FloodGuard
  /** Kept up to date here. */
  peer: PeerSettings
  onSettings(): void
  onSettingsAck(): void
  onPong(payload: Buffer): void
  onGoaway(lastStreamId: number, code: number): void
}

const HIGHEST_STREAM_ID = 2 ** 31 - 1
/** So many entries of a SETTINGS frame weigh as much as another frame. */
const ENTRIES_OF_A_FRAME = 32

/** What the peer says of the connection (RFC 9113 §6.5, §6.7, §6.8), and what it must not say (§6.6). */
export class ControlFrames {
  readonly #parts: ControlFramesParts
  /** We announce ours once, at the beginning. */
  #isAcknowledged = false
  #lastGoawayId = HIGHEST_STREAM_ID

  constructor(parts: ControlFramesParts) {
    this.#parts = parts
  }

  settings(frame: Frame): void {
    const { guard, peer, encoder, bodies, streams, outbox, onSettings } = this.#parts
    if (isSettingsAck(frame)) {
      this.#settingsAck()
      return
    }
    this.#checkThatItReads()
    guard.count(1 + countSettings(frame) / ENTRIES_OF_A_FRAME)
    const { initialWindowSize } = peer
    applySettings(frame, peer)
    encoder.resize(peer.leastHeaderTableSize)
    encoder.resize(peer.headerTableSize)
    // Before anything that they allow: until the peer reads it, it may hold us to the old ones (§6.5.3).
    writeSettingsAck(outbox.output)
    outbox.wake()
    bodies.shiftStreams(streams.all(), peer.initialWindowSize - initialWindowSize)
    onSettings()
  }

  ping(frame: Frame): void {
    const { guard, outbox, onPong } = this.#parts
    const payload = frame.bytes.subarray(frame.start, frame.end)
    guard.count()
    if (hasFlag(frame, FLAGS.ACK)) {
      onPong(payload)
      return
    }
    this.#checkThatItReads()
    writePing(outbox.output, payload, true)
    outbox.wake()
  }

  goaway({ bytes, start }: Frame): void {
    this.#parts.guard.count()
    const lastStreamId = bytes.readUInt32BE(start) & HIGHEST_STREAM_ID
    if (lastStreamId > this.#lastGoawayId)
      throw new ConnectionError('PROTOCOL_ERROR', 'RFC 9113 §6.8', 'GOAWAY takes back what it gave up')
    this.#lastGoawayId = lastStreamId
    this.#parts.onGoaway(lastStreamId, bytes.readUInt32BE(start + 4))
  }

  /** We have set SETTINGS_ENABLE_PUSH to 0. */
  pushPromise(): void {
    throw new ConnectionError('PROTOCOL_ERROR', 'RFC 9113 §6.6', 'PUSH_PROMISE, though it is disabled')
  }

  /** PRIORITY is deprecated (§5.3.2), unknown types are to be ignored (§5.5). */
  ignored(): void {
    this.#parts.guard.count()
  }

  /** Answers to a peer that takes none would only gather. */
  #checkThatItReads(): void {
    if (this.#parts.outbox.isClogged())
      throw new ConnectionError('ENHANCE_YOUR_CALM', 'RFC 9113 §10.5', 'asks, and does not read the answers')
  }

  #settingsAck(): void {
    if (this.#isAcknowledged)
      throw new ConnectionError('PROTOCOL_ERROR', 'RFC 9113 §6.5.3', 'acknowledgement of no settings')
    this.#isAcknowledged = true
    this.#parts.onSettingsAck()
  }
}
