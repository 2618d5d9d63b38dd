import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lane } from '../../src/dispatch/lane.ts'
import { ProvenScopes } from '../../src/dispatch/proven-scopes.ts'
import { ProviderShare, Window } from '../../src/dispatch/window.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'

test('what has succeeded is remembered once, and not where clients choose the server', async () => {
  const marked: string[] = []
  const proven = new ProvenScopes({
    provenScopes: async () => ['apns/K/kept'],
    markProven: async scope => void marked.push(scope),
  })
  await proven.load()
  const provider = Object.assign(new ScriptedProvider(), {
    concernsOperators: (scope: string) => !scope.includes('stranger'),
  })
  const share = new ProviderShare(new Window())
  for (const scope of ['apns/K/known', 'apns/K/stranger', 'apns/K/known', 'apns/K/kept']) {
    proven.add(new Lane([scope], provider, share))
  }
  assert.deepEqual(marked, ['apns/K/known'])
  assert.ok(proven.has('apns/K/known') && proven.has('apns/K/kept') && !proven.has('apns/K/stranger'))
})
