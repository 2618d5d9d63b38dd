/** Bytes that a UTF-16 code unit takes; a half of a surrogate pair takes half of the pair's four. */
export type UnitCost = (codeUnit: number) => number

export function utf8Cost(codeUnit: number): number {
  if (codeUnit < 0x80) return 1
  if (codeUnit < 0x800) return 2
  return codeUnit >= 0xd800 && codeUnit <= 0xdfff ? 2 : 3
}

/** Bytes that a code unit takes in JSON text as JSON.stringify writes it: raw UTF-8, but escaped controls and surrogates. */
export function jsonCost(code: number): number {
  if (code < 0x20) return SHORT_ESCAPES.has(code) ? 2 : 6
  if (code === 0x22 || code === 0x5c) return 2
  if (code < 0x80) return 1
  if (code < 0x800) return 2
  // Half of the four bytes of a pair; texts are well-formed when they get here.
  return code >= 0xd800 && code <= 0xdfff ? 2 : 3
}

const SHORT_ESCAPES = new Set([0x08, 0x09, 0x0a, 0x0c, 0x0d])

const ELLIPSIS = '…'
/** Longest grapheme that is kept whole (the longest emoji families take about 30 units); beyond, a stack of marks is cut. */
const GRAPHEME_UNITS = 64
const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/**
 * `text` if its cost is at most `maxCost`, else its longest beginning that ends at a grapheme boundary and fits together
 * with `…`; empty when not even that fits. Segments only around the cut: the cost does not grow with the text.
 */
export function cutText(text: string, maxCost: number, cost: UnitCost = utf8Cost): string {
  if (fittingUnits(text, maxCost, cost) === text.length) return text
  const end = fittingUnits(text, maxCost - utf8Cost(ELLIPSIS.charCodeAt(0)), cost)
  const kept = text.slice(0, graphemeBoundary(text, end))
  return kept === '' ? '' : `${kept}${ELLIPSIS}`
}

/** `text` if its cost is at most `maxCost`, else its longest beginning that ends at a grapheme boundary; without `…`. */
export function beginningOf(text: string, maxCost: number, cost: UnitCost = utf8Cost): string {
  const end = fittingUnits(text, maxCost, cost)
  return end === text.length ? text : text.slice(0, graphemeBoundary(text, end))
}

/** How many code units of `text` cost at most `maxCost`. */
function fittingUnits(text: string, maxCost: number, cost: UnitCost): number {
  let sum = 0
  for (let index = 0; index < text.length; index++) {
    sum += cost(text.charCodeAt(index))
    if (sum > maxCost) return index
  }
  return maxCost < 0 ? 0 : text.length
}

/** The last grapheme boundary at or before `end`, else the last code point boundary. */
function graphemeBoundary(text: string, end: number): number {
  const from = startOfFlags(text, codePointBoundary(text, Math.max(0, end - GRAPHEME_UNITS)))
  const window = text.slice(from, end + GRAPHEME_UNITS)
  let boundary = 0
  for (const { index } of segmenter.segment(window)) {
    if (from + index > end) break
    boundary = index
  }
  return boundary > 0 || from === 0 ? from + boundary : codePointBoundary(text, end)
}

/** A flag is a pair of regional indicators, so a row of flags can only be divided from its beginning. */
function startOfFlags(text: string, index: number): number {
  let start = index
  while (start >= 2 && isRegionalIndicator(text.codePointAt(start - 2))) start -= 2
  return start
}

function isRegionalIndicator(codePoint = 0): boolean {
  return codePoint >= 0x1f1e6 && codePoint <= 0x1f1ff
}

function codePointBoundary(text: string, index: number): number {
  const code = text.charCodeAt(index)
  const splitsPair = index > 0 && code >= 0xdc00 && code <= 0xdfff
  return splitsPair ? index - 1 : index
}
