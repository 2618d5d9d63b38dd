import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { checkEndpoint, type Endpoint } from '../../../src/providers/webpush/endpoint.ts'
import { isKnownService } from '../../../src/providers/webpush/known-services.ts'
import { PushServices } from '../../../src/providers/webpush/push-services.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { someVapidKeys } from '../../support/webpush.ts'

function at(url: string): Endpoint {
  const checked = checkEndpoint(url, undefined)
  assert.ok(checked.ok)
  return checked.endpoint
}

function someServices(t: TestContext): PushServices {
  const services = new PushServices({
    signer: { keys: someVapidKeys(), subject: 'mailto:admin@example.org', clock: new FakeClock() },
    allowedOrigins: undefined,
    ca: undefined,
    lookup: () => assert.fail('connected'),
    scopeOf: host => `webpush/k/${host}`,
    report: { unknownReason: () => {}, connection: () => {} },
  })
  t.after(() => services.close())
  return services
}

const stranger = (number: number) => at(`https://push-${number}.example.org/a`)
const FULL = 200

test('a service is the same for all its endpoints, and another for another port', t => {
  const services = someServices(t)
  const service = services.lend(at('https://push.example.org/a'))
  assert.equal(services.lend(at('https://push.example.org/b?c')), service)
  assert.notEqual(services.lend(at('https://push.example.org:8443/a')), service)
})

test('the stranger that was used longest ago makes way, and a busy one stays', t => {
  const services = someServices(t)
  const first = services.lend(stranger(0))
  const second = services.lend(stranger(1))
  assert.ok(first && second)
  for (let number = 2; number < FULL; number++) {
    const service = services.lend(stranger(number))
    if (service) services.giveBack(service)
  }
  services.giveBack(second)
  // Room is made by the second: the first is in use.
  assert.ok(services.lend(stranger(FULL)))
  assert.equal(services.lend(stranger(0)), first)
  assert.notEqual(services.lend(stranger(1)), second)
})

test('whoever is used again does not make way first', t => {
  const services = someServices(t)
  const use = (number: number) => {
    const service = services.lend(stranger(number))
    if (service) services.giveBack(service)
    return service
  }
  const [first, second] = Array.from({ length: FULL }, (_, number) => use(number))
  use(0)
  use(FULL)
  assert.equal(use(0), first)
  assert.notEqual(use(1), second)
})

test('strangers that are all busy keep out one more, but none of the known ones', t => {
  const services = someServices(t)
  const lent = Array.from({ length: FULL }, (_, number) => services.lend(stranger(number)))
  assert.ok(lent.every(service => service !== undefined))
  assert.equal(services.lend(stranger(FULL)), undefined)
  assert.ok(services.lend(at('https://fcm.googleapis.com/fcm/send/a')))
  assert.ok(services.lend(at('https://web.push.apple.com/a')))
  if (lent[7]) services.giveBack(lent[7])
  assert.ok(services.lend(stranger(FULL)))
})

test('nothing is lent after the end', async t => {
  const services = someServices(t)
  await services.close()
  assert.equal(services.lend(stranger(1)), undefined)
})

test('known services are known by their whole name, on the default port', () => {
  const known = [
    ...['fcm.googleapis.com', 'updates.push.services.mozilla.com', 'web.push.apple.com', 'push.apple.com'],
    ...['wns2-par02p.notify.windows.com', 'ntfy.sh'],
  ]
  const strangers = [
    ...[
      'evilfcm.googleapis.com',
      'fcm.googleapis.com.example.org',
      'fcm.googleapis.com:8443',
      'xpush.apple.com',
    ],
    ...['notify.windows.com.example.org', 'evilnotify.windows.com', 'notify.windows.com', 'googleapis.com'],
    ...[
      'push.apple.com.',
      'ntfy.sh.example.org',
      'fcmxgoogleapis.com',
      'updates.push.services.mozilla.com:444',
    ],
  ]
  assert.deepEqual(
    known.filter(host => !isKnownService(host)),
    [],
  )
  assert.deepEqual(strangers.filter(isKnownService), [])
})
