import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readdirSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { missingTools } from '../bench/wire/debian-tools.ts'
import { postgresSkip } from './support/postgres-cluster.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

async function runBench(script: string, ...args: string[]) {
  const path = fileURLToPath(new URL(`../bench/${script}`, import.meta.url))
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
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

const namesOf = (rows: string[][]) => rows.map(([name]) => name)

test('the bench measures every section, on small numbers, and leaves nothing behind', async t => {
  const directory = temporaryDirectory(t)

  const { code, output, errors } = await runBench('run.ts', '--quick', `--directory=${directory}`)

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
  const isolation = rowsOf(output, 'Isolation')
  const [well, ratios] = [isolation.slice(0, 6), isolation.slice(8)]
  assert.deepEqual(namesOf(well), ['apns', 'fcm', 'webpush', 'zeropush', 'http', 'prowl'])
  assert.deepEqual(namesOf(ratios), ['nobody has any', 'fcm refuses', 'fcm hangs', 'fcm is slow'])
  for (const cell of [...well, ...ratios].flatMap(row => row.slice(1))) assert.match(cell, /^([\d,.]+|)$/)
  assert.deepEqual(readdirSync(directory), [])
})

test('an unknown section is refused with the ones that there are', async () => {
  const { code, output, errors } = await runBench('run.ts', '--only=speed')

  assert.equal(code, 2)
  assert.equal(output, '')
  assert.match(errors, /accept, end-to-end, cpu, isolation, memory/)
})

test('the bench of the wire compares everybody, on small numbers, and leaves nothing behind', {
  skip: missingTools() ?? false,
}, async t => {
  const directory = temporaryDirectory(t)

  const { code, output, errors } = await runBench('wire/run.ts', '--quick', `--directory=${directory}`)

  assert.equal(code, 0, errors)
  assert.match(
    output,
    /push-relay: pushes\/s .* node:http2: pushes\/s .* apn: pushes\/s .* h2load: pushes\/s/,
  )
  assert.equal(rowsOf(output, 'nghttpd').length, 4)
  assert.equal(rowsOf(output, 'APNs simulator').length, 2)
  assert.equal(rowsOf(output, 'Latency').length, 4)
  for (const section of ['nghttpd', 'APNs simulator'])
    for (const row of rowsOf(output, section)) {
      assert.equal(row.length, 10)
      for (const cell of row) assert.match(cell, /^([\d,.]+|)$/)
    }
  for (const row of rowsOf(output, 'Latency'))
    for (const cell of row.slice(2)) assert.match(cell, /^[\d,.]+$/)
  assert.match(output, /\n- \d+ % of h2load's rate, .*\n- apn takes [\d.]+ times the CPU per push, /)
  assert.deepEqual(readdirSync(directory), [])
})

test('the bench of several nodes compares them with SQLite, on small numbers, and leaves nothing behind', {
  skip: postgresSkip,
}, async t => {
  const directory = temporaryDirectory(t)
  // PostgreSQL does not run as root, and its own user has to come in.
  chmodSync(directory, 0o711)

  const { code, output, errors } = await runBench('cluster/run.ts', '--quick', `--directory=${directory}`)

  assert.equal(code, 0, errors)
  const rows = rowsOf(output, 'Cluster')
  const [loads, setups] = [3, ['SQLite 1', 'PostgreSQL 1', 'PostgreSQL 2']]
  assert.deepEqual(
    rows.map(([what = '', nodes]) => `${what.split(',')[0]} ${nodes}`),
    Array.from({ length: loads }, () => setups).flat(),
  )
  for (const cell of rows.flatMap(row => row.slice(1))) assert.match(cell, /^([\d,.]+|)$/)
  assert.deepEqual(readdirSync(directory), [])
})

test('the bench of large files fills and measures them, on small numbers, and leaves nothing behind', async t => {
  const directory = temporaryDirectory(t)

  const { code, output, errors } = await runBench('limits/run.ts', '--quick', `--directory=${directory}`)

  assert.equal(code, 0, errors)
  assert.match(output, /\n\| registrations \| 0 \| 3,000 \| × \| 1,000, and 2,000 messages pending \| × \|\n/)
  const rows = rowsOf(output, 'Limits')
  assert.equal(rows.length, 32)
  for (const cell of rows.flatMap(row => row.slice(1))) assert.match(cell, /^[\d,.]+$/)
  assert.match(output, /\nA registration takes \d+ bytes of the file, a pending message [\d,]+\.\n/)
  assert.deepEqual(readdirSync(directory), [])
})

test('an unknown option of the bench of the wire is refused with those that there are', async () => {
  const { code, output, errors } = await runBench('wire/run.ts', '--only=apn')

  assert.equal(code, 2)
  assert.equal(output, '')
  assert.match(errors, /--directory=.*\n.*--quick/)
})
