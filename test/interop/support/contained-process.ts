import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { Lines } from '../../support/lines.ts'

/**
 * A group of processes of its own. Its first member waits for the end of its standard input, which comes when the test
 * that holds the other end is gone, however that happens; then it kills the group. It lets go of the output, so that
 * this ends with the server and all its workers.
 */
const GUARD = '"$@" </dev/null & echo "pid $!"; exec >&- 2>&-; read -r _; kill -KILL 0'

/** A server that may start workers: none of them outlives it, or the test. */
export class ContainedProcess {
  readonly output: Lines
  readonly #guard: ChildProcess
  readonly #closed: Promise<unknown>

  constructor(command: readonly string[], folder: string) {
    this.#guard = spawn('/bin/sh', ['-c', GUARD, 'sh', ...command], {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: folder,
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: folder, TMPDIR: folder },
    })
    this.#closed = once(this.#guard, 'close')
    this.output = new Lines(this.#guard.stdout as Readable, this.#guard.stderr as Readable)
  }

  /** To the server, not to its workers. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    const line = await this.output.waitFor('pid ')
    process.kill(Number(line.slice('pid '.length)), signal)
  }

  /** The guard goes on: it must see the end of the test. */
  freeze(): void {
    this.#signalGroup('SIGSTOP')
    this.#guard.kill('SIGCONT')
  }

  thaw(): void {
    this.#signalGroup('SIGCONT')
  }

  /** kill -9 for all at once; resolves when the last is gone. Idempotent. */
  async kill(): Promise<void> {
    this.#signalGroup('SIGKILL')
    await this.#closed
  }

  #signalGroup(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#guard
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal)
  }
}
