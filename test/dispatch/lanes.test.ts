import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lanes } from '../../src/dispatch/lanes.ts'
import type { ActiveDelivery } from '../../src/dispatch/round.ts'
import { Window } from '../../src/dispatch/window.ts'
import { aRegistration } from '../support/registrations.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'

const MANY = 1000
const appOf = (number: number) => aRegistration({ app: `com.example.${number}` })
const hostOf = (number: number) => aRegistration({ environment: `host-${number}` })

function someLanes(): Lanes {
  return new Lanes(new Map([['apns', new ScriptedProvider()]]), new Window())
}

test('beyond a thousand, lanes that have nothing to do are forgotten', () => {
  const lanes = someLanes()
  for (let number = 0; number < 10 * MANY; number++) lanes.for(hostOf(number))
  assert.ok(lanes.all().length <= MANY)
  assert.equal(lanes.group('apns/K/host-0'), undefined)
  const last = lanes.for(hostOf(10 * MANY - 1))
  assert.deepEqual(lanes.group(last.scopes[0])?.lanes(), [last])
})

test('a lane stays while something is here, on its way or waiting', () => {
  const lanes = someLanes()
  const [queued, flying, parking, waiting] = [0, 1, 2, 3].map(number => lanes.for(appOf(number)))
  assert.ok(queued && flying && parking && waiting)
  queued.push({} as ActiveDelivery)
  flying.beginProbe()
  parking.startParking(false)
  waiting.expectBacklog()
  for (let number = 4; number < 3 * MANY; number++) lanes.for(appOf(number))
  for (const lane of [queued, flying, parking, waiting]) assert.equal(lanes.named(lane.name), lane)
  flying.end()
  parking.endParking()
  for (let number = 0; number < 2 * MANY; number++) lanes.for(hostOf(number))
  assert.equal(lanes.named(flying.name), undefined)
  assert.equal(lanes.named(parking.name), undefined)
  assert.equal(lanes.named(queued.name), queued)
  assert.deepEqual(lanes.group(queued.scopes[0])?.lanes().includes(waiting), true)
})
