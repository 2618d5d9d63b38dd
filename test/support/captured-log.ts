import { type Logger, pino } from 'pino'

export interface CapturedLog {
  logger: Logger
  /** Every line so far, parsed. */
  lines(): Record<string, unknown>[]
  /** The same as written. */
  text(): string
}

/** A real logger that writes everything, down to trace, into memory. */
export function captureLog(): CapturedLog {
  const written: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => void written.push(line) })
  return {
    logger,
    lines: () => written.map(line => JSON.parse(line)),
    text: () => written.join(''),
  }
}
