import { ConnectionError } from '../errors.ts'
import { EOS, HUFFMAN_CODES } from './huffman-code.ts'

/**
 * Strings in Huffman code (RFC 7541 §5.2). Decoding goes four bits at a time through a table of states, the inner nodes
 * of the code's tree: no code is shorter than five bits, so that a step yields at most one octet.
 */

const SYMBOL_BIT = 1 << 9
const SYMBOL_SHIFT = 10
const FORBIDDEN = -1
/** Padding is the beginning of EOS, all ones, and shorter than an octet (RFC 7541 §5.2). */
const MAX_PADDING_BITS = 7

type Node = { children: [Node | number | undefined, Node | number | undefined]; state: number }

const { steps: STEPS, endings: ENDINGS } = buildTables()

/** Octets that `text`, one character an octet, takes in Huffman code. */
export function huffmanLength(text: string): number {
  let bits = 0
  for (let at = 0; at < text.length; at++) bits += HUFFMAN_CODES[text.charCodeAt(at) & 0xff]?.length ?? 0
  return (bits + 7) >> 3
}

/** Writes `text`, one character an octet, and answers the position behind it. */
export function encodeHuffman(text: string, target: Buffer, position: number): number {
  let end = position
  let pending = 0
  let count = 0
  for (let at = 0; at < text.length; at++) {
    const code = HUFFMAN_CODES[text.charCodeAt(at) & 0xff]
    if (!code) continue
    // At most 7 bits are pending and 30 come: more than 32, so whole numbers rather than bit operations.
    pending = pending * 2 ** code.length + code.bits
    count += code.length
    while (count >= 8) {
      count -= 8
      const octet = Math.floor(pending / 2 ** count)
      pending -= octet * 2 ** count
      target[end++] = octet
    }
  }
  if (count > 0) target[end++] = (pending << (8 - count)) | (0xff >> count)
  return end
}

let scratch = Buffer.allocUnsafe(4096)

/** Throws COMPRESSION_ERROR for EOS within the string and for wrong padding. */
export function decodeHuffman(source: Buffer, start: number, end: number): string {
  const most = Math.ceil(((end - start) * 8) / 5)
  if (scratch.length < most) scratch = Buffer.allocUnsafe(most * 2)
  let length = 0
  let state = 0
  for (let nibble = start * 2; nibble < end * 2; nibble++) {
    const octet = source[nibble >> 1] as number
    const step = STEPS[(state << 4) | (nibble % 2 === 0 ? octet >> 4 : octet & 0xf)] as number
    if (step === FORBIDDEN) throw compressionError('EOS within a string')
    state = step & (SYMBOL_BIT - 1)
    if ((step & SYMBOL_BIT) !== 0) scratch[length++] = step >> SYMBOL_SHIFT
  }
  if (ENDINGS[state] !== 1) throw compressionError('padding is not the beginning of EOS, or too long')
  return scratch.toString('latin1', 0, length)
}

function compressionError(message: string): ConnectionError {
  return new ConnectionError('COMPRESSION_ERROR', 'RFC 7541 §5.2', message)
}

function buildTables(): { steps: Int32Array; endings: Uint8Array } {
  const nodes: Node[] = []
  const newNode = (): Node => {
    const node: Node = { children: [undefined, undefined], state: nodes.length }
    nodes.push(node)
    return node
  }
  const root = newNode()
  for (const [symbol, { bits, length }] of HUFFMAN_CODES.entries()) {
    let node = root
    for (let bit = length - 1; bit > 0; bit--) {
      const side = ((bits >> bit) & 1) as 0 | 1
      node = childOf(node, side, newNode)
    }
    node.children[(bits & 1) as 0 | 1] = symbol
  }
  const steps = new Int32Array(nodes.length * 16)
  for (const node of nodes) {
    for (let nibble = 0; nibble < 16; nibble++) steps[(node.state << 4) | nibble] = step(node, nibble, root)
  }
  return { steps, endings: findEndings(root, nodes.length) }
}

function childOf(node: Node, side: 0 | 1, newNode: () => Node): Node {
  const child = node.children[side]
  if (typeof child === 'object') return child
  const made = newNode()
  node.children[side] = made
  return made
}

function step(from: Node, nibble: number, root: Node): number {
  let node = from
  let symbol: number | undefined
  for (let bit = 3; bit >= 0; bit--) {
    const next = node.children[((nibble >> bit) & 1) as 0 | 1]
    if (typeof next === 'object') node = next
    else if (next === undefined || next === EOS) return FORBIDDEN
    else {
      symbol = next
      node = root
    }
  }
  return symbol === undefined ? node.state : node.state | SYMBOL_BIT | (symbol << SYMBOL_SHIFT)
}

/** States in which a string may end: nothing but ones since the last octet, and not too many. */
function findEndings(root: Node, states: number): Uint8Array {
  const endings = new Uint8Array(states)
  let node: Node | number | undefined = root
  for (let bits = 0; bits <= MAX_PADDING_BITS && typeof node === 'object'; bits++) {
    endings[node.state] = 1
    node = node.children[1]
  }
  return endings
}
