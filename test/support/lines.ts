import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** Collects the lines of a process, so that a test can wait for one, also for one that has come already. */
export class Lines {
  readonly all: string[] = []
  #waiting: (() => void)[] = []
  #open: number

  constructor(...streams: Readable[]) {
    this.#open = streams.length
    for (const stream of streams) {
      const reader = createInterface({ input: stream })
      reader.on('line', line => {
        this.all.push(line)
        this.#wakeAll()
      })
      reader.on('close', () => {
        this.#open -= 1
        this.#wakeAll()
      })
    }
  }

  /** The first line at or after `from` that holds the text. */
  async waitFor(text: string, from = 0): Promise<string> {
    for (let index = from; ; index++) {
      while (index >= this.all.length) {
        if (this.#open === 0) throw new Error(`ended without "${text}":\n${this.all.slice(-20).join('\n')}`)
        await new Promise<void>(resolve => this.#waiting.push(resolve))
      }
      const line = this.all[index] as string
      if (line.includes(text)) return line
    }
  }

  #wakeAll(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}
