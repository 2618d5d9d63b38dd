import type { Random } from './random.ts'

type Mutation = (random: Random, bytes: Buffer, other: Buffer) => Buffer

/** A place, and a length from there that stays within. */
function range(random: Random, { length }: Buffer): [start: number, end: number] {
  const start = random.below(length)
  // Mostly short, as a broken field is; now and then long.
  const most = random.chance(0.8) ? 16 : length
  return [start, Math.min(length, start + 1 + random.below(most))]
}

const MUTATIONS: readonly Mutation[] = [
  function flip(random, bytes) {
    const at = random.below(bytes.length)
    bytes[at]! ^= 1 << random.below(8)
    return bytes
  },
  function overwrite(random, bytes) {
    const at = random.below(bytes.length)
    bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)])
    return bytes
  },
  function insert(random, bytes) {
    const at = random.below(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(12)), bytes.subarray(at)])
  },
  function remove(random, bytes) {
    const [start, end] = range(random, bytes)
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)])
  },
  function repeat(random, bytes) {
    const [start, end] = range(random, bytes)
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)])
  },
  function swap(random, bytes) {
    const [start, end] = range(random, bytes)
    const rest = Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)])
    const at = random.below(rest.length + 1)
    return Buffer.concat([rest.subarray(0, at), bytes.subarray(start, end), rest.subarray(at)])
  },
  function splice(random, bytes, other) {
    const [start, end] = range(random, other)
    const at = random.below(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), other.subarray(start, end), bytes.subarray(at)])
  },
  function repeatFrame(random, bytes) {
    const [start, end] = pickFrame(random, bytes)
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)])
  },
  function moveFrame(random, bytes, other) {
    const [start, end] = pickFrame(random, other)
    const [, at] = pickFrame(random, bytes)
    return Buffer.concat([bytes.subarray(0, at), other.subarray(start, end), bytes.subarray(at)])
  },
  function breakHead(random, bytes) {
    const [start] = pickFrame(random, bytes)
    bytes[start + random.below(9)] = random.below(256)
    return bytes
  },
  function breakType(random, bytes) {
    const [start] = pickFrame(random, bytes)
    bytes[start + 3] = random.below(11)
    bytes[start + 4] = random.below(256)
    return bytes
  },
]

function pickFrame(random: Random, bytes: Buffer): [start: number, end: number] {
  const wanted = random.below(bytes.length)
  let start = 0
  for (;;) {
    const end = start + 9 + bytes.readUIntBE(start, 3)
    if (end > wanted || end + 9 > bytes.length) return [start, Math.min(end, bytes.length)]
    start = end
  }
}

/** `count` wounds; `other` gives parts of its own. */
export function mutate(random: Random, original: Buffer, other: Buffer, count: number): Buffer {
  let bytes: Buffer = Buffer.from(original)
  for (let at = 0; at < count && bytes.length > 9; at++) bytes = random.pick(MUTATIONS)(random, bytes, other)
  return bytes
}
