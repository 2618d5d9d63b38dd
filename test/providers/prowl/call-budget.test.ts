import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CallBudget } from '../../../src/providers/prowl/call-budget.ts'

const HOUR = 3_600_000
const RESET = 1_000_000

function budgetAfter(...learnt: [remaining: number, resetAt: number][]): CallBudget {
  const budget = new CallBudget()
  for (const [remaining, resetAt] of learnt) budget.learn(remaining, resetAt, 0)
  return budget
}

describe('the calls that Prowl takes', () => {
  it('are unlimited until Prowl says something', () => {
    const budget = new CallBudget()
    for (let call = 0; call < 2000; call++) assert.equal(budget.take(0), undefined)
  })

  it('are the least that was said of one window, in whatever order', () => {
    for (const order of [
      [2, 0, 1],
      [0, 1, 2],
      [1, 2, 0],
    ]) {
      const budget = budgetAfter(...order.map(remaining => [remaining, RESET] as [number, number]))
      assert.equal(budget.take(0), RESET, String(order))
    }
  })

  it('are those of the newer window, whatever is said of the older one afterwards', () => {
    const budget = budgetAfter([0, RESET], [5, 2 * RESET], [0, RESET])
    assert.equal(budget.take(0), undefined)
    assert.equal(budgetAfter([5, RESET], [0, 2 * RESET]).take(0), 2 * RESET)
  })

  it('begin anew with the reset', () => {
    const budget = budgetAfter([0, RESET])
    assert.equal(budget.take(RESET - 1), RESET)
    assert.equal(budget.take(RESET), undefined)
  })

  it('are not counted against an instant that a clock set back has moved out of reach', () => {
    const ahead = 1000 * HOUR
    const refused = new CallBudget()
    refused.exhaust(ahead)
    assert.equal(refused.take(5), undefined)
    assert.equal(refused.exhaust(5), 5 + HOUR)
    const told = new CallBudget()
    told.learn(3, ahead + HOUR, ahead)
    told.learn(0, RESET, 5)
    assert.equal(told.take(6), RESET)
  })

  it('are free again when a call has ended without having been counted', () => {
    const budget = budgetAfter([1, RESET])
    assert.deepEqual([budget.take(0), budget.take(0)], [undefined, RESET])
    budget.ended()
    assert.equal(budget.take(0), undefined)
  })

  it('are none after a refusal: until the known reset, or for an hour', () => {
    const known = budgetAfter([7, RESET])
    assert.deepEqual([known.exhaust(0), known.take(1)], [RESET, RESET])
    const unknown = new CallBudget()
    assert.deepEqual([unknown.exhaust(5), unknown.take(6)], [HOUR + 5, HOUR + 5])
    assert.equal(known.exhaust(RESET), RESET + HOUR)
  })
})
