import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { test } from 'node:test'
import { BIN, emptyDirectory, pushRelay } from './support.ts'

/** The first Node on the PATH that is too old; npm puts the pinned one first, the machine's own comes after it. */
function oldNode(): string | undefined {
  const candidates = (process.env.PATH ?? '').split(delimiter).map(folder => join(folder, 'node'))
  return candidates.find(candidate => {
    try {
      return Number(/^v(\d+)/.exec(execFileSync(candidate, ['--version'], { encoding: 'utf8' }))?.[1]) < 24
    } catch {
      return false
    }
  })
}

const EXPECTED = /^push-relay needs Node 24\.12 or newer and this is [\d.]+\. Run `npm ci`.*`npm start`.*\n$/

for (const version of ['12.22.0', '22.99.0', '24.11.1']) {
  test(`Node ${version} gets one line, before anything is imported`, async t => {
    // A Node that says it is older: enough to see the check, whatever is installed here.
    const directory = emptyDirectory(t)
    const pretend = join(directory, 'pretend.mjs')
    writeFileSync(pretend, `Object.defineProperty(process.versions, 'node', { value: '${version}' })`)
    const ended = await pushRelay(directory, ['--version'], { env: { NODE_OPTIONS: `--import=${pretend}` } })
    assert.equal(ended.code, 1)
    assert.match(ended.stderr, EXPECTED)
    assert.ok(ended.stderr.includes(`this is ${version}.`))
    assert.equal(ended.stdout, '')
  })
}

test('a real old Node, where the machine has one, understands the file and says so', async t => {
  const node = oldNode()
  if (node === undefined)
    return t.diagnostic('no Node older than 24 on the PATH; only the pretended ones were tried')
  const ended = await pushRelay(emptyDirectory(t), ['serve'], { node })
  assert.equal(ended.code, 1)
  assert.match(ended.stderr, EXPECTED)
})

test('without its packages it asks for npm ci', async t => {
  const directory = emptyDirectory(t)
  mkdirSync(join(directory, 'bin'))
  cpSync(BIN, join(directory, 'bin/push-relay.mjs'))
  mkdirSync(join(directory, 'src'))
  writeFileSync(join(directory, 'src/cli.ts'), "import 'a-package-that-is-not-there'\n")
  const ended = await pushRelay(directory, ['serve'], { bin: join(directory, 'bin/push-relay.mjs') })
  assert.equal(ended.code, 1)
  assert.match(ended.stderr, /^push-relay is not completely installed: run `npm ci` in \/.*\n$/)
})
