/**
 * The Huffman code of RFC 7541 appendix B: the length in bits of each octet's code, the last one EOS. The code is
 * canonical, so that the lengths are all there is to know: codes of one length are consecutive, in the order of octets.
 */
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
]

export const EOS = 256

export interface HuffmanCode {
  bits: number
  /** In bits. */
  length: number
}

/** By octet, then EOS. */
export const HUFFMAN_CODES: readonly HuffmanCode[] = assignCodes(LENGTHS)

function assignCodes(lengths: readonly number[]): HuffmanCode[] {
  const byLength = lengths.map((length, symbol) => ({ length, symbol }))
  byLength.sort((a, b) => a.length - b.length || a.symbol - b.symbol)
  const codes: HuffmanCode[] = []
  let next = 0
  let former = 0
  for (const { length, symbol } of byLength) {
    next <<= length - former
    former = length
    codes[symbol] = { bits: next++, length }
  }
  return codes
}
