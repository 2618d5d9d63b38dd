import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Client } from 'pg'
import { bigints, booleans, integers, texts, uuids } from '../../../src/store/postgres/arrays.ts'
import { postgresSkip } from '../../support/postgres-cluster.ts'
import { sharedCluster } from './support.ts'

const UUID = '01890000-0000-7000-8000-0000000000ff'
const CASES: [type: string, encoded: Buffer, read: unknown[]][] = [
  ['text', texts([]), []],
  [
    'text',
    texts(['', 'a"b\\c,{}', null, 'NULL', 'é\u{1f600}', 'x'.repeat(9000)]),
    ['', 'a"b\\c,{}', null, 'NULL', 'é\u{1f600}', 'x'.repeat(9000)],
  ],
  ['uuid', uuids([UUID, null, UUID.replaceAll('-', '')]), [UUID, null, UUID]],
  [
    'bigint',
    bigints([0, -1, null, 2 ** 40 + 7, -(2 ** 33), Number.MAX_SAFE_INTEGER]),
    ['0', '-1', null, String(2 ** 40 + 7), String(-(2 ** 33)), String(Number.MAX_SAFE_INTEGER)],
  ],
  ['integer', integers([0, -5, null, 999_999]), [0, -5, null, 999_999]],
  ['boolean', booleans([true, false]), [true, false]],
]

describe('arrays in binary', { skip: postgresSkip }, () => {
  for (const [type, encoded, read] of CASES)
    test(`${type}[] of ${read.length} is read as it was written`, async t => {
      const client = new Client({ connectionString: (await sharedCluster()).url() })
      await client.connect()
      t.after(() => client.end())
      const { rows } = await client.query(`SELECT ARRAY(SELECT unnest($1::${type}[])) AS values`, [encoded])
      assert.deepEqual(rows[0].values, read)
    })
})
