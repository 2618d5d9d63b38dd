import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RegistrationRules } from '../../src/domain/registration.ts'
import { createRegisterDevice } from '../../src/intake/register-device.ts'
import { createRemoveDevices } from '../../src/intake/remove-devices.ts'
import type { RegisterCommand, RegisterResult } from '../../src/store/store.ts'
import { createEvents } from '../../src/telemetry/events.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { aRegistration } from '../support/registrations.ts'

const anyRules: RegistrationRules = {
  hasOneOwner: true,
  check: ({ address }) => ({
    ok: true,
    token: String(address.token).toLowerCase(),
    app: 'com.example.chat',
    environment: 'production',
    environmentSource: 'default',
  }),
}
const request = { provider: 'apns', address: { token: 'AB' }, name: 'phone' } as const
const command = { recipient: 'bob@localhost', device: 'phone1', request, isAdmin: false }

function setUp(rules = anyRules, result?: RegisterResult) {
  const registered: RegisterCommand[] = []
  const changes: string[] = []
  const events = createEvents()
  events.on('registration.changed', ({ change }) => changes.push(change))
  const clock = new FakeClock()
  const registerDevice = createRegisterDevice({
    store: {
      register: async asked => {
        registered.push(asked)
        return result ?? { status: 'created', registration: aRegistration() }
      },
    },
    rules: new Map([['apns', rules]]),
    events,
    clock,
    maxDevices: 20,
  })
  return { registerDevice, registered, changes, clock }
}

test('what the provider made of the request is registered, with the limits', async () => {
  const { registerDevice, registered, changes, clock } = setUp()
  assert.equal((await registerDevice(command)).status, 'created')
  assert.deepEqual(registered, [
    {
      recipient: 'bob@localhost',
      device: 'phone1',
      kind: 'alert',
      provider: 'apns',
      token: 'ab',
      app: 'com.example.chat',
      environment: 'production',
      environmentSource: 'default',
      name: 'phone',
      at: clock.now(),
      maxDevices: 20,
      maxMoves: 5,
    },
  ])
  assert.deepEqual(changes, ['created'])
})

test('an admin may move tokens without limit', async () => {
  const { registerDevice, registered } = setUp()
  await registerDevice({ ...command, isAdmin: true })
  assert.equal(registered[0]?.maxMoves, undefined)
})

test('what the provider refuses, or no provider knows, is not written', async () => {
  const refusal = { ok: false, code: 'token', message: 'token must be hex' } as const
  const refused = setUp({ hasOneOwner: true, check: () => refusal })
  assert.deepEqual(await refused.registerDevice(command), {
    status: 'refused',
    code: 'token',
    message: 'token must be hex',
  })
  const unknown = createRegisterDevice({
    store: { register: () => assert.fail('nothing may be written') },
    rules: new Map(),
    events: createEvents(),
    clock: new FakeClock(),
    maxDevices: 20,
  })
  assert.deepEqual(await unknown(command), { status: 'unknown-provider' })
  assert.deepEqual([refused.registered, refused.changes], [[], []])
})

test('too many moves are told to operators', async () => {
  const { registerDevice, changes } = setUp(anyRules, { status: 'too-many-moves' })
  assert.deepEqual(await registerDevice(command), { status: 'too-many-moves' })
  assert.deepEqual(changes, ['too-many-moves'])
})

test('only what was there counts as removed', async () => {
  const events = createEvents()
  let removed = 0
  events.on('registration.changed', () => removed++)
  const settled: string[] = []
  events.on('message.settled', ({ messageId, state }) => settled.push(`${messageId} ${state}`))
  let isThere = true
  const remove = createRemoveDevices({
    store: {
      removeDevice: async () => ({ removed: isThere ? 1 : 0, settled: [] }),
      removeRecipient: async () => ({ removed: 3, settled: [{ id: 'a', state: 'unreachable' }] }),
    },
    events,
    clock: new FakeClock(),
  })
  await remove.device('bob@localhost', 'phone1')
  assert.equal(removed, 1)
  isThere = false
  await remove.device('bob@localhost', 'phone1')
  assert.equal(removed, 1)
  await remove.recipient('bob@localhost')
  assert.equal(removed, 4)
  assert.deepEqual(settled, ['a unreachable'])
})
