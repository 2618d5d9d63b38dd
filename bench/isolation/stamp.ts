/** A message carries when it was due, so that whoever receives it knows how long it took; the clock is the machine's. */
export function stamp(number: number, dueAtMs: number): string {
  return `${Math.round(dueAtMs * 1000)}-${number}`
}

/** Milliseconds since some instant that is the same for all processes of this machine. */
export function machineMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}

export function readStamp(text: string): { number: number; latencyMs: number } {
  const [, dueAt, number] = /(\d+)-(\d+)/.exec(text) ?? []
  return { number: Number(number), latencyMs: machineMs() - Number(dueAt) / 1000 }
}
