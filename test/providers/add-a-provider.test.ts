import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '../..')
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
