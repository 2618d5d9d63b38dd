import { median } from '../wire/median.ts'

/** Of so many times, one after the other, in milliseconds. */
export async function medianOf(times: number, act: (index: number) => Promise<unknown>): Promise<number> {
  const all: number[] = []
  for (let index = 0; index < times; index++) {
    const startedAt = performance.now()
    await act(index)
    all.push(performance.now() - startedAt)
  }
  return median(all)
}
