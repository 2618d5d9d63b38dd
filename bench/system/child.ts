import { type ChildProcess, spawn } from 'node:child_process'
import type { Answer, Call } from './calls.ts'
import type { Usage } from './usage.ts'

export interface ChildOptions {
  script: URL
  args?: readonly string[]
  /** For Node itself. */
  nodeOptions?: readonly string[]
  cwd: string
  env?: Readonly<Record<string, string>>
  /** Receives what it prints, in pieces. */
  onOutput?: (text: string) => void
}

interface Outstanding {
  resolve: (value: unknown) => void
  reject: (error: Error) => void
}

const STOP_LIMIT_MS = 30_000
const USAGE = new URL('usage.ts', import.meta.url)

let endedMicros = 0

/** What the processes that were stopped have used in all. */
export function cpuMicrosOfEndedChildren(): number {
  return endedMicros
}

/** For those that are no `Child`. */
export function countEndedChild(cpuMicros: number): void {
  endedMicros += cpuMicros
}

/** A Node process of the bench's own, which can be asked what it uses. */
export class Child {
  readonly #process: ChildProcess
  readonly #outstanding = new Map<number, Outstanding>()
  /** Resolves, with what there is to say about it, when the process is no more. */
  readonly ended: Promise<Error>
  #nextId = 1

  constructor({ script, args = [], nodeOptions = [], cwd, env = {}, onOutput }: ChildOptions) {
    this.#process = spawn(
      process.execPath,
      [...nodeOptions, '--import', USAGE.href, script.pathname, ...args],
      {
        cwd,
        env: { PATH: process.env.PATH ?? '', ...env },
        stdio: ['ignore', onOutput ? 'pipe' : 'ignore', 'inherit', 'ipc'],
      },
    )
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => onOutput?.(text))
    this.#process.on('message', (answer: Answer) => this.#receive(answer))
    const { promise, resolve } = Promise.withResolvers<Error>()
    this.ended = promise
    this.#process.on('exit', code => resolve(new Error(`${script.pathname} ended: ${code}`)))
    this.#process.on('error', resolve)
    void this.ended.then(error => this.#fail(error))
  }

  call<T>(name: string, argument?: unknown): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    if (!this.#process.connected) return Promise.reject(new Error(`cannot ask for ${name}: it has ended`))
    const id = this.#nextId++
    this.#outstanding.set(id, { resolve, reject })
    const call: Call = { id, name, argument }
    // A process that is ending says so itself.
    this.#process.send(call, () => undefined)
    return promise as Promise<T>
  }

  usage(): Promise<Usage> {
    return this.call<Usage>('usage')
  }

  async stop(): Promise<void> {
    const child = this.#process
    if (child.exitCode !== null || child.signalCode !== null) return
    endedMicros += (await this.usage()).cpuMicros
    const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
    child.kill('SIGTERM')
    await this.ended
    clearTimeout(limit)
  }

  #receive(answer: Answer): void {
    const outstanding = this.#outstanding.get(answer.id)
    this.#outstanding.delete(answer.id)
    if ('error' in answer) outstanding?.reject(new Error(answer.error))
    else outstanding?.resolve(answer.value)
  }

  #fail(error: Error): void {
    for (const { reject } of this.#outstanding.values()) reject(error)
    this.#outstanding.clear()
  }
}
