import type { Parsed } from './parsed.ts'

export interface Variable<T> {
  readonly name: `RELAY_${string}`
  /** As one would write it; undefined: there is none. */
  readonly default: string | undefined
  /** One line for operators: .env.example and the README's table are made of it. */
  readonly meaning: string
  readonly parse: (text: string) => Parsed<T>
  /** Spaces at either end belong to it; everywhere else they are slips. */
  readonly keepsSpaces?: true
}

/** Variables by the key under which their values are read, in the order in which they are explained. */
export type VariableTable = Readonly<Record<string, Variable<unknown>>>

/** The parsed value of each variable; undefined where it has neither a text nor a default. */
export type ValuesOf<V extends VariableTable> = {
  [K in keyof V]: V[K] extends { parse: (text: string) => Parsed<infer T> }
    ? T | (V[K]['default'] extends string ? never : undefined)
    : never
}
