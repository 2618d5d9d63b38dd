import { readFileSync, writeFileSync } from 'node:fs'
import { envExample } from '../../src/config/env-example.ts'
import { PROVIDERS } from '../../src/providers/providers.ts'
import { variableTable } from '../config/variable-table.ts'

// `npm run variables`. test/config/env-example.test.ts fails until this was run after a change of a variable.
const README = new URL('../../README.md', import.meta.url)
const TABLE = /^\| variable \| default \|.*\n(?:\|.*\n)*/m

writeFileSync(new URL('../../.env.example', import.meta.url), envExample(PROVIDERS))
writeFileSync(
  README,
  readFileSync(README, 'utf8').replace(TABLE, () => `${variableTable()}\n`),
)
