import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseEnv } from 'node:util'
import { allVariables } from '../../src/config/all-variables.ts'
import { envExample } from '../../src/config/env-example.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { PROVIDERS } from '../../src/providers/providers.ts'
import { ADMIN_TOKEN, BASE, HOOK_TOKEN, sourcesOf } from './support.ts'
import { variableTable } from './variable-table.ts'

const committed = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8')

test('.env.example is what the table of variables says', () => {
  assert.equal(committed, envExample(PROVIDERS))
})

test('.env.example lists exactly the variables, with their defaults', () => {
  const expected = allVariables(PROVIDERS).map(({ name, default: text }) => [name, text ?? ''])
  assert.deepEqual({ ...parseEnv(committed) }, Object.fromEntries(expected))
})

test('a copy works once what is required is filled in', () => {
  const result = readConfig({ ...parseEnv(committed), ...BASE }, PROVIDERS, sourcesOf({}))
  assert.deepEqual(result, readConfig(BASE, PROVIDERS, sourcesOf({})))
  assert.ok(result.ok)
})

test('a copy says what is required', () => {
  const result = readConfig(parseEnv(committed), PROVIDERS, sourcesOf({}))
  assert.ok(!result.ok)
  assert.deepEqual(
    result.problems.map(problem => problem.split(':')[0]),
    ['RELAY_HOOK_TOKENS', 'RELAY_ADMIN_TOKENS', 'RELAY_APNS_TOPICS'],
  )
  assert.ok(!committed.includes(HOOK_TOKEN) && !committed.includes(ADMIN_TOKEN))
})

test("the README's table is what the table of variables says", t => {
  const readme = new URL('../../README.md', import.meta.url)
  if (!existsSync(readme)) return t.diagnostic('there is no README.md')
  assert.ok(readFileSync(readme, 'utf8').includes(variableTable()), 'run: npm run variables')
})
