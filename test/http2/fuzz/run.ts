import { fuzzBytes } from './broken-bytes.ts'
import { fuzzFrames } from './random-frames.ts'

/** A round is the same wherever it runs: a seed that failed there fails here. */
const FRAMES_OF_ROUND = 500_000
const RUNS_OF_ROUND = 500

export function newSeed(): number {
  return Math.floor(Math.random() * 2 ** 31)
}

/** Answers what was done; throws for what must not happen, with the seed. */
export async function fuzzRound(seed: number): Promise<string> {
  const played = await fuzzFrames(seed, RUNS_OF_ROUND)
  const { connections, frames } = await fuzzBytes(seed, FRAMES_OF_ROUND)
  return `seed ${seed}: ${frames} frames on ${connections} broken lines, ${played} in ${RUNS_OF_ROUND} random plays`
}
