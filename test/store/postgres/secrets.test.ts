import assert from 'node:assert/strict'
import { test } from 'node:test'
import { postgresSkip } from '../../support/postgres-cluster.ts'
import { makeDatabase, openStore } from './support.ts'

test('of two nodes that replace a secret at the same time one does, and both know it', {
  skip: postgresSkip,
}, async t => {
  const url = await makeDatabase()
  const nodes = await Promise.all([1, 2, 3].map(() => openStore(t, { url })))
  let former: string | undefined
  for (let round = 0; round < 20; round++) {
    const values = nodes.map((_node, index) => `${round} of node ${index}`)
    const wins = await Promise.all(
      nodes.map(({ store }, index) => store.replaceSecret('apns', former, values[index] as string)),
    )
    assert.equal(wins.filter(Boolean).length, 1, String(wins))
    former = values[wins.indexOf(true)]
    for (const { store } of nodes) assert.equal(await store.secret('apns'), former)
  }
})
