/** So many places in front may be empty before they are given back: moving all the others each time would cost more. */
const COMPACT_AFTER = 1024

/** First in, first out. What was taken is not kept. */
export class Fifo<T> {
  #items: (T | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  peek(): T | undefined {
    return this.#items[this.#head]
  }

  take(): T | undefined {
    const item = this.#items[this.#head]
    if (item === undefined) return undefined
    this.#items[this.#head++] = undefined
    if (this.#head === this.#items.length || this.#head >= COMPACT_AFTER) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  remove(item: T): void {
    this.#items = this.#items.slice(this.#head).filter(other => other !== item)
    this.#head = 0
  }
}
