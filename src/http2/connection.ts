import assert from 'node:assert/strict'
import { BodySender } from './body-sender.ts'
import type { ConnectionOptions } from './connection-options.ts'
import { ControlFrames } from './control-frames.ts'
import { Credits } from './credits.ts'
import { Deadline } from './deadline.ts'
import { ConnectionError, ERROR_CODES, type ErrorName, errorName, placeOf } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { Farewell } from './farewell.ts'
import { FloodGuard } from './flood-guard.ts'
import { writeHeaders, writeReset } from './frames/frame-writer.ts'
import { HeaderEncoder } from './hpack/header-encoder.ts'
import type { ConnectionHandle, Http2Request, RequestResult } from './http2-client.ts'
import { Incoming } from './incoming.ts'
import { Liveness } from './liveness.ts'
import { Outbox } from './outbox.ts'
import { CONNECTION_WINDOW, writePreface } from './preface.ts'
import { writeRequestBlock } from './request-block.ts'
import { notProcessed, unknown } from './results.ts'
import { defaultPeerSettings } from './settings.ts'
import { StreamFrames } from './stream-frames.ts'
import { Streams } from './streams.ts'
import { TrackRecord } from './track-record.ts'

/**
 * The client's side of an HTTP/2 connection (RFC 9113), over any transport. Whatever the peer sends, nothing is thrown out
 * of here, and each request gets exactly one result.
 */
export class Connection implements ConnectionHandle {
  readonly record = new TrackRecord()
  readonly #options: ConnectionOptions
  readonly #streams: Streams
  readonly #outbox: Outbox
  readonly #peer = defaultPeerSettings()
  readonly #encoder = new HeaderEncoder()
  readonly #guard: FloodGuard
  readonly #bodies: BodySender
  readonly #credits: Credits
  readonly #incoming: Incoming
  readonly #liveness: Liveness
  readonly #deadline: Deadline
  readonly #farewell: Farewell
  #isStarted = false
  #isReady = false
  #isRetired = false
  #isClosed = false
  #failure: string | undefined
  #cancelSettingsTimer = () => {}

  constructor(options: ConnectionOptions) {
    this.#options = options
    const { clock, limits, transport } = options
    this.#guard = new FloodGuard(() => clock.monotonic())
    this.#streams = new Streams(limits.lastStreamId)
    this.#outbox = new Outbox(transport, {
      onTaken: () => {
        this.#streams.handedOver()
        this.#credits.handedOver()
      },
      onRoom: () => this.#bodies.pump(),
    })
    this.#bodies = new BodySender(this.#outbox, this.#peer, this.#guard)
    this.#credits = new Credits(this.#outbox)
    this.#farewell = new Farewell(options, this.#outbox, () => this.abort('close-timeout'))
    this.#incoming = this.#createIncoming()
    this.#deadline = new Deadline(clock, this.#streams, limits.requestMs, exchange =>
      this.#onTimeout(exchange),
    )
    this.#liveness = new Liveness(options, this.#outbox, {
      onDead: () => this.abort('ping-timeout'),
      onIdle: () => {
        this.#failure ??= 'idle'
        this.retire()
      },
    })
  }

  /** The transport is connected. Says hello (§3.4). */
  start(): void {
    this.#isStarted = true
    writePreface(this.#outbox.output)
    // At once: whatever else is said comes behind it.
    this.#outbox.flush()
    this.#cancelSettingsTimer = this.#options.clock.after(this.#options.limits.settingsMs, () =>
      this.#fail('SETTINGS_TIMEOUT', 'RFC 9113 §6.5.3'),
    )
  }

  /** Requests that may be sent now. */
  freeStreams(): number {
    if (!this.#isReady || this.#isRetired) return 0
    return Math.max(0, this.streamLimit() - this.#streams.size)
  }

  /** Streams that the peer and our own limit allow. */
  streamLimit(): number {
    return Math.min(this.#options.limits.streams, this.#peer.maxConcurrentStreams)
  }

  /** The peer has no room for what was begun: better not to begin more here, though streams are free. */
  isShut(): boolean {
    return this.#bodies.isShut()
  }

  openStreams(): number {
    return this.#streams.size
  }

  /** The most streams that were open at once since this was last asked. */
  takeMostOpen(): number {
    return this.#streams.takeMost()
  }

  /** Only while there is a free stream. `resolve` is called once, whatever happens. */
  request(request: Http2Request, resolve: (result: RequestResult) => void): void {
    assert(this.freeStreams() > 0, 'a request needs a free stream')
    const now = this.#options.clock.monotonic()
    const exchange = this.#streams.open({ request, resolve, now, sendWindow: this.#peer.initialWindowSize })
    const { output } = this.#outbox
    const { maxFrameSize } = this.#peer
    const head = { streamId: exchange.streamId, isEnd: exchange.isSent, maxFrameSize }
    writeHeaders(output, head, () =>
      writeRequestBlock(output, this.#encoder, this.#options.authority, request),
    )
    this.#bodies.start(exchange)
    this.#outbox.wake()
    this.#guard.sent()
    this.#deadline.arm()
    if (this.#streams.size === 1) this.#liveness.setIdle(false)
    if (this.#streams.isExhausted) this.retire()
  }

  /** Octets from the peer; they are not kept. */
  receive(chunk: Buffer): void {
    if (this.#isClosed || this.#farewell.isSaid) return
    this.#liveness.heard()
    try {
      this.#incoming.read(chunk)
    } catch (error) {
      if (error instanceof ConnectionError) this.#fail(error.code, error.rule)
      // A bug of ours: this connection is lost, its requests have exact results, and the others go on.
      else this.#fail('INTERNAL_ERROR', placeOf(error))
    }
  }

  /** The transport is gone. */
  transportClosed(reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#failure ??= reason
    this.#stop()
    this.#farewell.done()
    this.#setRetired()
    this.#failAll(this.#failure)
    this.#options.events.onClosed(this.#failure)
  }

  /** New requests go elsewhere, those under way run to their end; then it closes. */
  retire(): void {
    this.#setRetired()
    if (!this.#isStarted) this.abort('retired')
    else if (this.#streams.size === 0) this.#leave('NO_ERROR')
  }

  /** Ends it now; what is under way has no answer. */
  abort(reason: string): void {
    this.#options.transport.destroy()
    this.transportClosed(reason)
  }

  #createIncoming(): Incoming {
    const shared = { streams: this.#streams, bodies: this.#bodies, guard: this.#guard }
    const control = new ControlFrames({
      ...shared,
      outbox: this.#outbox,
      encoder: this.#encoder,
      peer: this.#peer,
      onSettings: () => this.#onSettings(),
      onSettingsAck: () => this.#cancelSettingsTimer(),
      onPong: payload => this.#liveness.answered(payload),
      onGoaway: (lastStreamId, code) => this.#onGoaway(lastStreamId, code),
    })
    const streamFrames = new StreamFrames({
      ...shared,
      credits: this.#credits,
      connection: this,
      connectionWindow: CONNECTION_WINDOW,
      responseBytes: this.#options.limits.responseBytes,
      onRoom: () => this.#offer(),
      finish: (exchange, result) => this.#finish(exchange, result),
      reset: (exchange, code, result) => this.#reset(exchange, code, result),
    })
    return new Incoming(control, streamFrames, (streamId, error) => {
      const exchange = this.#streams.get(streamId)
      if (exchange) this.#reset(exchange, error.code, unknown(exchange, `${error.code} ${error.rule}`))
    })
  }

  #onSettings(): void {
    const { events } = this.#options
    if (!this.#isReady) {
      this.#isReady = true
      this.#liveness.start()
      events.onReady()
    }
    events.onSettings()
  }

  /** What is above the last stream was not processed; the rest may still be answered, whatever the code (§6.8). */
  #onGoaway(lastStreamId: number, code: number): void {
    const reason = `goaway ${errorName(code)}`
    this.#failure ??= reason
    this.record.leaving(this.#streams.countUpTo(lastStreamId), code === ERROR_CODES.NO_ERROR)
    this.#setRetired()
    for (const exchange of this.#streams.all()) {
      if (exchange.streamId <= lastStreamId) continue
      // What it may have sent on it is ignored, as after a reset of ours: the others are to be answered.
      this.#streams.rememberReset(exchange.streamId)
      // Whose answer has begun to arrive was processed, whatever the peer says now.
      const isProcessed = exchange.status !== undefined
      this.#finish(exchange, isProcessed ? unknown(exchange, reason) : notProcessed('goaway'))
    }
    if (this.#streams.size === 0) this.#leave('NO_ERROR')
  }

  #onTimeout(exchange: Exchange): void {
    // So long, and the peer has not even taken what we send.
    if (!this.#streams.isHandedOver(exchange)) {
      this.abort('write-timeout')
      return
    }
    this.#reset(exchange, 'CANCEL', unknown(exchange, 'timeout'))
    this.record.timedOut()
    if (this.record.isSilent) this.retire()
    else if (!this.#isClosed && !this.#farewell.isSaid) this.#liveness.check()
  }

  #reset(exchange: Exchange, code: ErrorName, result: RequestResult): void {
    this.#streams.rememberReset(exchange.streamId)
    writeReset(this.#outbox.output, exchange.streamId, code)
    this.#outbox.wake()
    this.#finish(exchange, result)
  }

  #finish(exchange: Exchange, result: RequestResult): void {
    if (result.kind === 'response') this.record.answered()
    this.#close(exchange, result)
    if (this.#isRetired && this.#streams.size === 0) this.#leave('NO_ERROR')
    this.#offer()
  }

  #offer(): void {
    if (!this.#isRetired) this.#options.events.onFreeStream()
  }

  #close(exchange: Exchange, result: RequestResult): void {
    this.#bodies.forget(exchange)
    this.#streams.close(exchange, result)
    if (this.#streams.size === 0) this.#liveness.setIdle(true)
  }

  #setRetired(): void {
    if (this.#isRetired) return
    this.#isRetired = true
    this.#options.events.onRetired()
  }

  #fail(code: ErrorName, rule: string): void {
    this.#failure = `${code} ${rule}`
    // What has not left is not sent any more: of those requests we know that nobody acted on them.
    this.#outbox.output.clear()
    this.#setRetired()
    this.#failAll(this.#failure)
    this.#leave(code, rule)
  }

  #leave(code: ErrorName, debugData = ''): void {
    if (this.#farewell.isSaid || this.#isClosed) return
    this.#farewell.say(code, debugData)
    this.#stop()
  }

  #stop(): void {
    this.#incoming.stop()
    this.#outbox.close()
    this.#liveness.stop()
    this.#deadline.stop()
    this.#cancelSettingsTimer()
  }

  #failAll(reason: string): void {
    for (const exchange of this.#streams.all()) {
      // One that never left us was not processed.
      const hasLeft = this.#streams.isHandedOver(exchange)
      this.#close(exchange, hasLeft ? unknown(exchange, reason) : notProcessed(reason))
    }
  }
}
