import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problems } from '../../../src/config/problems.ts'
import { Reading } from '../../../src/config/reading.ts'
import { systemClock } from '../../../src/domain/clock.ts'
import type { Stand } from '../../support/stands/stand.ts'
import { configOf } from './rig.ts'

export function configuringContract(stand: Stand): void {
  const { definition } = stand
  const prefix = `RELAY_${definition.name.toUpperCase()}`

  test('configuring: it is off, and no problem, when nothing is said about it', () => {
    const problems = new Problems()
    const sources = {
      readFile: (): Buffer => {
        throw new Error('no file is named')
      },
      now: systemClock.now,
    }
    const reading = new Reading(definition.variables, { env: {}, sources, problems })
    assert.equal(definition.readConfig(reading), undefined)
    assert.deepEqual(problems.lines, [])
  })

  test('configuring: its variables bear its name', () => {
    for (const { name } of Object.values(definition.variables)) {
      assert.ok(name === prefix || name.startsWith(`${prefix}_`), name)
    }
  })

  test('configuring: each variable has a description, none of which shows a secret', async t => {
    const standIn = await stand.start(t, systemClock)
    const environment = standIn.environment()
    const described = definition.describeConfig(configOf(stand, environment))
    assert.deepEqual(Object.keys(described).sort(), Object.keys(definition.variables).sort())
    for (const text of Object.values(described)) {
      assert.equal(typeof text, 'string')
      for (const secret of standIn.secrets) assert.ok(!text.includes(secret))
    }
  })

  test('configuring: a value that makes no sense is a problem that names its variable and hides the value', async t => {
    const standIn = await stand.start(t, systemClock)
    const nonsense = '\u0007 no-such-value \u0007'
    for (const name of Object.keys(standIn.environment())) {
      const problems = new Problems()
      const env = { ...standIn.environment(), [name]: nonsense }
      const sources = {
        readFile: (path: string) => {
          throw Object.assign(new Error(path), { code: 'ENOENT' })
        },
        now: systemClock.now,
      }
      definition.readConfig(new Reading(definition.variables, { env, sources, problems }))
      assert.ok(
        problems.lines.some(line => line.startsWith(`${name}: `)),
        `${name} takes anything`,
      )
      assert.ok(!problems.lines.join('\n').includes('no-such-value'))
    }
  })
}
