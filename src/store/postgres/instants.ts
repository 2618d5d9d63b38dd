import type { WriteOperation } from '../shared/operations.ts'

/** At which traces may be settled, and for which there is no partition. */
export function uncoveredOf(
  operations: readonly WriteOperation[],
  isCovered: (instant: number) => boolean,
): number[] {
  const uncovered: number[] = []
  const note = (instant: number | undefined) => {
    if (instant !== undefined && !isCovered(instant)) uncovered.push(instant)
  }
  for (const operation of operations) {
    if (operation.kind !== 'accept') note(instantOf(operation))
    else for (const { receivedAt } of operation.entries) note(receivedAt)
  }
  return uncovered
}

function instantOf(operation: Exclude<WriteOperation, { kind: 'accept' }>): number | undefined {
  switch (operation.kind) {
    case 'settleFirst':
      return operation.round.at
    case 'settleLater':
      return operation.settlement.at
    case 'expire':
      return operation.now
    case 'register':
    case 'zeropushRegister':
      return operation.command.at
    case 'removeDevice':
    case 'removeRecipient':
    case 'endOrphans':
    case 'zeropushRemove':
      return operation.at
    default:
      return undefined
  }
}
