import type { DeliveryResult, Settlement } from '../store.ts'
import { deriveColumns } from './message-state.ts'
import type { DeliveryEffect, FirstRound, WaitingRow } from './operations.ts'

/** Turns the results of a first round into what the writer has to store, so that it only stores. */
export function toFirstRound({ messageId, recipient, results, at }: Settlement): FirstRound {
  const records = results.map(result => result.record)
  const waiting = waitingRowsOf(results)
  const effects = effectsOf(results)
  const ended = waiting.length === 0 ? records : records.filter(record => record.state !== 'pending')
  return {
    ...deriveColumns(records, at),
    messageId,
    recipient,
    at,
    ended: JSON.stringify(ended),
    waiting: waiting.length === 0 ? null : waiting,
    effects: effects.length === 0 ? null : effects,
  }
}

function waitingRowsOf(results: readonly DeliveryResult[]): WaitingRow[] {
  const rows: WaitingRow[] = []
  for (const { record, wait } of results) {
    if (wait === undefined) continue
    rows.push({ device: record.device, kind: record.kind, ...wait, record: JSON.stringify(record) })
  }
  return rows
}

export function effectsOf(results: readonly DeliveryResult[]): DeliveryEffect[] {
  const effects: DeliveryEffect[] = []
  for (const { record, effect } of results) {
    if (effect !== undefined) effects.push({ device: record.device, kind: record.kind, effect })
  }
  return effects
}
