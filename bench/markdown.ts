/** A Markdown table; every column but the first holds numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'))
  return [head, rule, ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

/** With thousands separated, and as many digits as mean something. */
export function number(value: number): string {
  const digits = Math.abs(value) < 10 ? 1 : 0
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** Milliseconds: tenths do not mean much above ten, hundredths do below one. */
export function milliseconds(value: number): string {
  return value < 1 ? value.toFixed(2) : number(value)
}

export function mebibytes(bytes: number): string {
  return number(bytes / 2 ** 20)
}
