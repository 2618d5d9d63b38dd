import assert from 'node:assert/strict'
import { ScriptedPeer } from '../support/scripted-peer.ts'
import { mutate } from './mutate.ts'
import { Random } from './random.ts'
import { bodyOf, REQUESTS, recordTranscript, type Transcript, writeTranscript } from './transcripts.ts'

const TRANSCRIPTS = 30

export interface Fuzzed {
  connections: number
  /** That were handled by connections which were still well. */
  frames: number
}

/**
 * A server that means well, on a line that breaks its octets, until `frames` frames were handled. What must hold of every
 * connection holds of each of these; unbroken ones have every answer.
 */
export async function fuzzBytes(seed: number, frames: number): Promise<Fuzzed> {
  const random = new Random(seed)
  const transcripts = [await recordTranscript()]
  while (transcripts.length < TRANSCRIPTS) transcripts.push(writeTranscript(random))
  const done = { connections: 0, frames: 0 }
  while (done.frames < frames) {
    const original = random.pick(transcripts)
    const wounds = random.pick([0, 1, 1, 1, 2, 3, 8])
    const bytes = mutate(random, original, random.pick(transcripts), wounds)
    const peer = new ScriptedPeer()
    try {
      done.frames += await play(random, peer, bytes)
      if (wounds === 0) assertWhole(peer)
      await end(random, peer)
    } catch (error) {
      throw new Error(`seed ${seed}, connection ${done.connections}: ${bytes.toString('hex')}`, {
        cause: error,
      })
    }
    done.connections++
  }
  return done
}

/** Answers the frames that were handled before anything went wrong. */
async function play(random: Random, peer: ScriptedPeer, bytes: Transcript): Promise<number> {
  let handled = 0
  peer.connection.start()
  for (
    let at = 0, size = 9 + bytes.readUIntBE(0, 3);
    at < bytes.length;
    at += size, size = pieceSize(random)
  ) {
    peer.send(Buffer.from(bytes.subarray(at, at + size)))
    ask(peer)
    if (at === 0 || random.chance(0.1)) await peer.turn()
    if (peer.transport.isEnded || peer.transport.isDestroyed) return handled
    handled = peer.sentFrames.length
  }
  return handled
}

function pieceSize(random: Random): number {
  return 1 + random.below(random.pick([3, 50, 500, 20_000]))
}

function ask(peer: ScriptedPeer): void {
  while (peer.requests.length < REQUESTS && peer.connection.freeStreams() > 0)
    peer.request({ body: bodyOf(peer.requests.length) })
}

function assertWhole({ requests, events }: ScriptedPeer): void {
  assert.deepEqual(
    events.filter(event => event !== 'settings'),
    ['ready'],
  )
  assert.equal(requests.length, REQUESTS)
  for (const { outcome } of requests) assert.match(outcome, /^(response|unknown reset|not-processed refused)/)
}

async function end(random: Random, peer: ScriptedPeer): Promise<void> {
  if (random.chance(0.2)) peer.clock.advance(random.below(100_000))
  if (random.chance(0.3)) peer.connection.retire()
  if (random.chance(0.3)) await peer.turn()
  if (random.chance(0.3)) peer.hangUp()
  await peer.finish()
}
