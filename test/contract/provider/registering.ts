import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Compile } from 'typebox/compile'
import type { Stand } from '../../support/stands/stand.ts'
import { startRig } from './rig.ts'

export function registeringContract(stand: Stand): void {
  const { definition } = stand

  test('registering: what its clients send fits its shape, and is the same token every time', async t => {
    const { provider, standIn } = await startRig(t, stand)
    const shape = Compile(definition.address)
    const address = standIn.newAddress()
    assert.ok(shape.Check(address))
    const request = { provider: provider.name, address }
    const check = provider.rules.check(request)
    assert.ok(check.ok && check.token !== '')
    assert.deepEqual(provider.rules.check(structuredClone(request)), check)
    const other = provider.rules.check({ ...request, address: standIn.newAddress() })
    assert.ok(other.ok && other.token !== check.token)
  })

  test('registering: another shape is refused', async t => {
    const { standIn } = await startRig(t, stand)
    const shape = Compile(definition.address)
    const good = standIn.newAddress()
    const wrongValues = [null, 7, true, '', [], ['x'], {}, { x: 1 }, 'x'.repeat(100_000)]
    for (const name of Object.keys(good)) {
      const { [name]: _, ...rest } = good
      const wrongs = [rest, ...wrongValues.map(value => ({ ...rest, [name]: value }))]
      for (const wrong of wrongs) assert.ok(!shape.Check(wrong), JSON.stringify(wrong).slice(0, 80))
    }
    for (const wrong of [null, 'token', [good]]) assert.ok(!shape.Check(wrong))
  })

  test('registering: it serves the apps and environments of its offer, the first by default, and no others', async t => {
    const { provider, standIn } = await startRig(t, stand)
    const { apps, environments } = provider.offer
    const check = (more: { app?: string; environment?: string }) =>
      provider.rules.check({ provider: provider.name, address: standIn.newAddress(), ...more })
    const plain = check({})
    assert.ok(plain.ok && plain.app === apps[0] && environments.includes(plain.environment))
    assert.equal(plain.environmentSource, 'default')
    for (const app of apps) {
      for (const environment of environments) {
        const named = check({ app, environment })
        assert.ok(named.ok && named.app === app && named.environment === environment)
      }
    }
    const foreignApp = check({ app: 'no.such.app' })
    assert.deepEqual([foreignApp.ok, !foreignApp.ok && foreignApp.code], [false, 'app'])
    const foreignEnvironment = check({ environment: 'no-such-environment' })
    assert.deepEqual(
      [foreignEnvironment.ok, !foreignEnvironment.ok && foreignEnvironment.code],
      [false, 'environment'],
    )
  })

  test('registering: a refusal says what is wrong, never with what', async t => {
    const { provider, standIn } = await startRig(t, stand)
    const nonsense = 'no-such-value'
    for (const field of ['app', 'environment']) {
      const address = standIn.newAddress()
      const check = provider.rules.check({ provider: provider.name, address, [field]: nonsense })
      assert.ok(!check.ok && check.message !== '' && !check.message.includes(nonsense))
    }
  })

  test('scopes: each is within the one before, bears the name of the provider, and shows nothing secret', async t => {
    const { provider, standIn, device } = await startRig(t, stand)
    const [one, two] = [device(), device()]
    const scopes = provider.scopesOf(one.registration)
    assert.deepEqual(provider.scopesOf({ ...one.registration }), scopes)
    assert.equal(scopes[0], provider.scopesOf(two.registration)[0], 'one credential, one widest scope')
    let wider = provider.name
    for (const scope of scopes) {
      assert.ok(scope.startsWith(`${wider}/`), scope)
      wider = scope
      for (const secret of [...standIn.secrets, one.registration.token]) assert.ok(!scope.includes(secret))
    }
  })
}
