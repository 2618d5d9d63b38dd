import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

export const BIN = fileURLToPath(new URL('../../bin/push-relay.mjs', import.meta.url))

export interface Ended {
  code: number
  stdout: string
  stderr: string
}

export function emptyDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'push-relay-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

export interface Run {
  /** The whole environment. */
  env?: Record<string, string>
  node?: string
  bin?: string
}

/** A relay that starts where it should refuse would never end: it is killed, and its test fails. */
const LONGEST_MS = 30_000

/** Runs push-relay to its end in `directory`. */
export function pushRelay(directory: string, args: string[], run: Run = {}): Promise<Ended> {
  const { env = {}, node = process.execPath, bin = BIN } = run
  return new Promise(resolve => {
    execFile(node, [bin, ...args], { cwd: directory, env, timeout: LONGEST_MS }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? Number.NaN) : 0, stdout, stderr })
    })
  })
}
