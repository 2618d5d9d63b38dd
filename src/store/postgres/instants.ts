import type { WriteOperation } from '../shared/operations.ts'

/** At which traces may be settled, for which there has to be a partition. */
export function instantsOf(operations: readonly WriteOperation[]): number[] {
  return operations.flatMap(instantOf)
}

function instantOf(operation: WriteOperation): number[] {
  switch (operation.kind) {
    case 'accept':
      return operation.entries.map(({ receivedAt }) => receivedAt)
    case 'settleFirst':
      return [operation.round.at]
    case 'settleLater':
      return [operation.settlement.at]
    case 'expire':
      return [operation.now]
    case 'register':
    case 'zeropushRegister':
      return [operation.command.at]
    case 'removeDevice':
    case 'removeRecipient':
    case 'endOrphans':
    case 'zeropushRemove':
      return [operation.at]
    default:
      return []
  }
}
