/** Gathers everything that is wrong, by variable, so that an operator hears it all at once. */
export class Problems {
  readonly #lines: string[] = []

  /** `text` never holds the variable's value. */
  add(name: string, text: string): void {
    this.#lines.push(`${name}: ${text}`)
  }

  get lines(): string[] {
    return [...this.#lines]
  }
}
