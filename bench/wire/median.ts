/** Of an even number, the lower of the two in the middle, so that it is always one that was measured. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
}
