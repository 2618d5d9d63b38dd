import { statfs } from 'node:fs/promises'
import type { Clock } from '../../domain/clock.ts'

const CHECK_MS = 1000

/** Below this much free space no message is taken, so that what was taken can still be settled. */
export const FREE_SPACE_FLOOR_BYTES = 64 * 1024 * 1024

export interface FreeSpaceOptions {
  clock: Clock
  floorBytes: number
  freeBytes: () => Promise<number>
  onChange: (isLow: boolean) => void
}

/** Looks about once a second, never on the way of a message. */
export class FreeSpaceWatch {
  readonly #options: FreeSpaceOptions
  #isLow = false
  #isStopped = false
  #cancel: () => void = () => {}

  constructor(options: FreeSpaceOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const free = await this.#options.freeBytes().catch(() => undefined)
    if (this.#isStopped) return
    // A file system that does not tell is no reason to refuse messages: a full one still fails the commit.
    const isLow = free !== undefined && free < this.#options.floorBytes
    if (isLow !== this.#isLow) {
      this.#isLow = isLow
      this.#options.onChange(isLow)
    }
    this.#cancel = this.#options.clock.after(CHECK_MS, () => void this.start())
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel()
  }
}

/** What an unprivileged process may still write in the file system of `directory`. */
export async function freeBytesIn(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}
