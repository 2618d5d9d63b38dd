import type { RequestResult } from '../../../src/http2/http2-client.ts'
import { codeName, describe, has, type ParsedFrame } from './frame-parser.ts'
import { ACK, END_STREAM, SETTING } from './wire.ts'

/** What a connection did, in nothing but the octets of both sides and the results. */
export interface Protocol {
  /** By the client. */
  written: readonly ParsedFrame[]
  /** By the peer. */
  sent: readonly ParsedFrame[]
  results: readonly { streamId: number; results: readonly RequestResult[] }[]
}

/** What must hold of every connection, whatever the peer sent. Answers what is wrong, in words. */
export function judge(protocol: Protocol): string[] {
  return [...judgeResults(protocol), ...judgeWritten(protocol), ...judgeWindows(protocol)]
}

interface Evidence {
  opened: Set<number>
  answered: Set<number>
  refused: Set<number>
  lowestGoaway: number
}

function judgeResults({ written, sent, results }: Protocol): string[] {
  const evidence = {
    opened: streamsOf(ofType(written, 'HEADERS')),
    answered: streamsOf(ofType(sent, 'HEADERS')),
    refused: streamsOf(ofType(sent, 'RST_STREAM').filter(isRefusal)),
    lowestGoaway: Math.min(...ofType(sent, 'GOAWAY').map(lastStreamId)),
  }
  return results.flatMap(({ streamId, results: [result, ...more] }) => {
    if (!result || more.length > 0)
      return [`stream ${streamId}: ${result ? more.length + 1 : 'no'} results of a request`]
    const wrong = result.kind === 'not-processed' ? cannotResend : cannotKnow
    return wrong(result as never, streamId, evidence) ? [`stream ${streamId}: ${JSON.stringify(result)}`] : []
  })
}

/** It is called safe to send again, and is not. */
function cannotResend({ reason }: { reason: string }, streamId: number, evidence: Evidence): boolean {
  if (reason === 'refused-stream') return !evidence.refused.has(streamId)
  if (reason === 'goaway') return evidence.lowestGoaway >= streamId
  return evidence.opened.has(streamId)
}

/** It is called sent, or even answered, and is not. */
function cannotKnow({ kind }: RequestResult, streamId: number, evidence: Evidence): boolean {
  return !evidence.opened.has(streamId) || (kind === 'response' && !evidence.answered.has(streamId))
}

function isRefusal({ payload }: ParsedFrame): boolean {
  return payload.length === 4 && codeName(payload.readUInt32BE()) === 'REFUSED_STREAM'
}

function lastStreamId({ payload }: ParsedFrame): number {
  return payload.length < 8 ? Number.POSITIVE_INFINITY : payload.readUInt32BE() & 0x7fffffff
}

/** The client's side of RFC 9113 §5.1, §5.1.1 and §6.8. */
function judgeWritten({ written }: Protocol): string[] {
  const ended = new Set<number>()
  let newest = -1
  return written.flatMap((frame, at) => {
    const isOver = written[at - 1]?.type === 'GOAWAY'
    if (frame.type === 'HEADERS') newest += 2
    const isWrong =
      isOver || !isInOrder(frame, newest) || (ended.has(frame.streamId) && isPartOfRequest(frame))
    if (endsStream(frame)) ended.add(frame.streamId)
    return isWrong ? [`written out of order: ${describe(frame)}`] : []
  })
}

/** `newest`: the stream that was opened last. */
function isInOrder({ type, streamId }: ParsedFrame, newest: number): boolean {
  return type === 'HEADERS' ? streamId === newest : streamId <= Math.max(newest, 0)
}

function isPartOfRequest({ type }: ParsedFrame): boolean {
  return type === 'DATA' || type === 'HEADERS'
}

function endsStream(frame: ParsedFrame): boolean {
  return frame.type === 'RST_STREAM' || (isPartOfRequest(frame) && has(frame, END_STREAM))
}

/**
 * The client must not send more than it was ever allowed to (§6.9). What it had gathered before a window shrank is its
 * right, so that only sums are compared.
 */
function judgeWindows({ written, sent }: Protocol): string[] {
  const initial = Math.max(65_535, ...ofType(sent, 'SETTINGS').flatMap(initialWindowSizes))
  const granted = sumByStream(
    ofType(sent, 'WINDOW_UPDATE').filter(({ payload }) => payload.length === 4),
    ({ payload }) => payload.readUInt32BE() & 0x7fffffff,
  )
  const used = sumByStream(ofType(written, 'DATA'), ({ payload }) => payload.length)
  const total = [...used.values()].reduce((sum, octets) => sum + octets, 0)
  return [[0, total] as const, ...used].flatMap(([streamId, octets]) => {
    const most = (streamId === 0 ? 65_535 : initial) + (granted.get(streamId) ?? 0)
    return octets > most ? [`window ${streamId}: ${octets} octets sent of ${most}`] : []
  })
}

function initialWindowSizes(frame: ParsedFrame): number[] {
  if (has(frame, ACK)) return []
  const sizes: number[] = []
  for (let at = 0; at + 6 <= frame.payload.length; at += 6)
    if (frame.payload.readUInt16BE(at) === SETTING.INITIAL_WINDOW_SIZE)
      sizes.push(frame.payload.readUInt32BE(at + 2))
  return sizes
}

function sumByStream(
  frames: readonly ParsedFrame[],
  octets: (frame: ParsedFrame) => number,
): Map<number, number> {
  const sums = new Map<number, number>()
  for (const frame of frames) sums.set(frame.streamId, (sums.get(frame.streamId) ?? 0) + octets(frame))
  return sums
}

function streamsOf(frames: readonly ParsedFrame[]): Set<number> {
  return new Set(frames.map(({ streamId }) => streamId))
}

function ofType(frames: readonly ParsedFrame[], type: ParsedFrame['type']): ParsedFrame[] {
  return frames.filter(frame => frame.type === type)
}
