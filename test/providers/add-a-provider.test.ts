import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { PROVIDERS } from '../../src/providers/providers.ts'
import { ALL_STANDS } from '../support/stands/all.ts'

const ROOT = join(import.meta.dirname, '../..')
/** In how many tables each provider has a row, at least. */
const FEWEST_ROWS = { 'README.md': 1, 'docs/mobile-app.md': 2, 'docs/operations.md': 4 }
const PAGE = readFileSync(join(ROOT, 'docs/add-a-provider.md'), 'utf8')

test('docs/add-a-provider.md shows the code as it is', () => {
  const files = globSync(
    ['src/providers/http/*.ts', 'src/simulator/http/*.ts', 'test/contract/providers/http.test.ts'],
    {
      cwd: ROOT,
    },
  )
  const sources = files.map(path => readFileSync(join(ROOT, path), 'utf8'))
  const shown = [...PAGE.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code)
  assert.ok(shown.length > 5)
  for (const code of shown)
    assert.ok(
      sources.some(source => source.includes(code)),
      code,
    )
})

test('docs/add-a-provider.md names files that are there', () => {
  const named = [...PAGE.matchAll(/`((?:src|test|docs)\/[\w./-]+)`/g)].map(([, path = '']) => path)
  assert.ok(named.length > 10)
  for (const path of named) assert.ok(globSync(path, { cwd: ROOT }).length === 1, path)
})

test('the smallest provider is as small as docs/add-a-provider.md says', () => {
  const files = globSync('src/providers/http/*.ts', { cwd: ROOT })
  const lines = files.flatMap(path => readFileSync(join(ROOT, path), 'utf8').trimEnd().split('\n'))
  const [, count] = /six files, some (\d+) lines/.exec(PAGE) ?? []
  assert.equal(files.length, 6)
  assert.ok(Math.abs(lines.length - Number(count)) < 20, `${lines.length} lines`)
})

for (const { name } of PROVIDERS)
  test(`${name} has everything that docs/add-a-provider.md asks for`, () => {
    for (const path of [
      `src/simulator/${name}/*-simulator.ts`,
      `test/simulator/${name}/*.test.ts`,
      `test/providers/${name}/*.test.ts`,
      `test/contract/providers/${name}.test.ts`,
      `docs/providers/${name}.md`,
    ])
      assert.ok(globSync(path, { cwd: ROOT }).length > 0, `there is no ${path}`)
    for (const [page, least] of Object.entries(FEWEST_ROWS)) {
      const rows =
        readFileSync(join(ROOT, page), 'utf8').match(new RegExp(`^\\|.*\`${name}\`.*\\|$`, 'gm')) ?? []
      assert.ok(rows.length >= least, `${page} lacks it in ${least - rows.length} of its tables`)
    }
    assert.ok(readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8').includes(`\`${name}\``), 'CHANGELOG lacks it')
  })

test('test/support/stands/all.ts has every provider, in their order', () => {
  assert.deepEqual(
    ALL_STANDS.map(({ definition }) => definition.name),
    PROVIDERS.map(({ name }) => name),
  )
})
