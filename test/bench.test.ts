import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from './support/temporary-directory.ts'

const SCRIPT = fileURLToPath(new URL('../bench/run.ts', import.meta.url))

async function runBench(...args: string[]) {
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code, output, errors }
}

/** The rows of a section's table, without its head. */
function rowsOf(output: string, section: string): string[][] {
  const [, body = ''] = output.split(`## ${section}\n`)
  const lines = (body.split('\n## ')[0] ?? '').split('\n').filter(line => line.startsWith('|'))
  return lines.slice(2).map(line =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim()),
  )
}

test('the bench measures every section, on small numbers, and leaves nothing behind', async t => {
  const directory = temporaryDirectory(t)

  const { code, output, errors } = await runBench('--quick', `--directory=${directory}`)

  assert.equal(code, 0, errors)
  assert.match(output, /^.+, \d+ cores; \d+ GiB; .+, Node 24\..+ takes [\d.]+ ms, at p99 [\d.]+ ms\n/)
  assert.equal(rowsOf(output, 'Accepting').length, 5)
  assert.equal(rowsOf(output, 'End to end').length, 2)
  assert.equal(rowsOf(output, 'CPU').length, 10)
  assert.equal(rowsOf(output, 'Memory').length, 7)
  assert.match(output, /\nPeak: \d+ MiB\n/)
  for (const section of ['Accepting', 'End to end', 'CPU', 'Memory']) {
    for (const cell of rowsOf(output, section).flatMap(row => row.slice(1)))
      assert.match(cell, /^([\d,.]+|)$/)
  }
  assert.deepEqual(readdirSync(directory), [])
})

test('an unknown section is refused with the ones that there are', async () => {
  const { code, output, errors } = await runBench('--only=speed')

  assert.equal(code, 2)
  assert.equal(output, '')
  assert.match(errors, /accept, end-to-end, cpu, memory/)
})
