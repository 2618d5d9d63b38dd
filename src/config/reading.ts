import { type ConfigSources, readKeyFile } from './key-file.ts'
import type { Parsed } from './parsed.ts'
import type { Problems } from './problems.ts'
import type { ValuesOf, VariableTable } from './variable.ts'

/** The RELAY_* variables as they were given. */
export type RelayEnvironment = Readonly<Record<string, string | undefined>>

interface ReadingContext {
  env: RelayEnvironment
  sources: ConfigSources
  problems: Problems
}

/** A table of variables as the environment has them. What is wrong is gathered, by variable and never with its value. */
export class Reading<V extends VariableTable> {
  /** What could be parsed, defaults included. */
  readonly values: Partial<ValuesOf<V>>
  readonly #variables: V
  readonly #context: ReadingContext

  constructor(variables: V, context: ReadingContext) {
    this.#variables = variables
    this.#context = context
    this.values = this.#parse()
  }

  /** Whether the variable was given a text, good or not. */
  has(key: keyof V): boolean {
    return this.#textOf(key) !== undefined
  }

  /** Whether any of these was. */
  hasAny(keys: readonly (keyof V)[]): boolean {
    return keys.some(key => this.has(key))
  }

  nameOf(key: keyof V): string {
    return this.#variable(key).name
  }

  problem(key: keyof V, text: string): void {
    this.#context.problems.add(this.nameOf(key), text)
  }

  /** What `parse` makes of the file that the variable names; undefined when it names none, or when a problem was told. */
  file<T>(key: keyof V, parse: (bytes: Buffer) => Parsed<T>): T | undefined {
    const path = this.values[key]
    if (typeof path !== 'string') return undefined
    const bytes = readKeyFile(path, this.#context.sources)
    const parsed = bytes.ok ? parse(bytes.value) : bytes
    if (parsed.ok) return parsed.value
    for (const problem of parsed.problems) this.problem(key, problem)
    return undefined
  }

  /** Instant at which certificates must be valid. */
  now(): number {
    return this.#context.sources.now()
  }

  #parse(): Partial<ValuesOf<V>> {
    const values: Partial<Record<keyof V, unknown>> = {}
    for (const key of Object.keys(this.#variables) as (keyof V)[]) {
      const variable = this.#variable(key)
      const text = this.#textOf(key) ?? variable.default
      if (text === undefined) continue
      const parsed = variable.parse(text)
      if (parsed.ok) values[key] = parsed.value
      else for (const problem of parsed.problems) this.problem(key, problem)
    }
    return values as Partial<ValuesOf<V>>
  }

  /** An empty text is no text: compose files and `.env.example` leave variables empty. */
  #textOf(key: keyof V): string | undefined {
    const { name, keepsSpaces } = this.#variable(key)
    const text = this.#context.env[name]
    if (text === undefined || text.trim() === '') return undefined
    return keepsSpaces ? text : text.trim()
  }

  #variable(key: keyof V) {
    const variable = this.#variables[key]
    if (variable === undefined) throw new Error('no such variable')
    return variable
  }
}
