import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Lane } from '../../src/dispatch/lane.ts'
import { LaneGroup } from '../../src/dispatch/lane-group.ts'
import type { ActiveDelivery } from '../../src/dispatch/round.ts'
import { ProviderShare, Window } from '../../src/dispatch/window.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'

const SCOPE = 'apns/K/production'
const delivery = (number: number) => ({ revision: number }) as unknown as ActiveDelivery
const noneIsHeld = () => false

function newGroup(topics: readonly string[], limit: number) {
  const provider = new ScriptedProvider()
  provider.limit = limit
  const group = new LaneGroup(SCOPE, provider)
  const share = new ProviderShare(new Window())
  const lanes = topics.map(topic => new Lane([SCOPE, `${SCOPE}/${topic}`], provider, share))
  for (const lane of lanes) group.add(lane)
  const fill = (lane: Lane, count: number) => {
    for (let number = 0; number < count; number++) lane.push(delivery(number))
  }
  return { provider, group, lanes, fill }
}

function beginAll(group: LaneGroup, isHeld: (lane: Lane) => boolean = noneIsHeld): string[] {
  const begun: string[] = []
  for (let next = group.begin(isHeld); next; next = group.begin(isHeld))
    begun.push(`${next.lane.name.slice(SCOPE.length + 1)}${next.delivery.revision}`)
  return begun
}

describe('lanes of one scope', () => {
  it('give the provider no more at once, all together, than it takes just now', () => {
    const { provider, group, lanes, fill } = newGroup(['a', 'b'], 3)
    for (const lane of lanes) fill(lane, 5)
    assert.deepEqual(beginAll(group), ['a0', 'b0', 'a1'])
    lanes[0]!.end()
    assert.deepEqual(beginAll(group), ['b1'])
    provider.limit = 5
    assert.deepEqual(beginAll(group), ['a2', 'b2'])
    provider.limit = 1
    lanes[0]!.end()
    assert.deepEqual(beginAll(group), [])
  })

  it('take turns, so that a long one does not keep the others waiting', () => {
    const { group, lanes, fill } = newGroup(['a', 'b', 'c'], 100)
    fill(lanes[0]!, 4)
    fill(lanes[1]!, 1)
    fill(lanes[2]!, 2)
    assert.deepEqual(beginAll(group), ['a0', 'b0', 'c0', 'a1', 'c1', 'a2', 'a3'])
  })

  it('pass over one that is held', () => {
    const { group, lanes, fill } = newGroup(['a', 'b'], 100)
    for (const lane of lanes) fill(lane, 2)
    assert.deepEqual(
      beginAll(group, lane => lane === lanes[0]),
      ['b0', 'b1'],
    )
    assert.deepEqual(beginAll(group), ['a0', 'a1'])
  })
})
