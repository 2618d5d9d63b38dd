import { describe } from 'node:test'
import { acceptingContract } from './store/accepting.ts'
import { duplicatesContract } from './store/duplicates.ts'
import type { MakeStore } from './store/fixtures.ts'
import { leasingContract } from './store/leasing.ts'
import { registeringContract } from './store/registering.ts'
import { removingContract } from './store/removing.ts'
import { settlingContract } from './store/settling.ts'
import { sharingContract } from './store/sharing.ts'
import { stalenessContract } from './store/staleness.ts'
import { upkeepContract } from './store/upkeep.ts'
import { zeropushContract } from './store/zeropush.ts'
import { zeropushSendingContract } from './store/zeropush-sending.ts'

/** Every promise of the store port. Whoever writes an adapter calls this with a way to make an empty one. */
export function storeContract(
  name: string,
  make: MakeStore,
  { skip = false, isShared = false }: { skip?: string | false; isShared?: boolean } = {},
): void {
  describe(`store contract: ${name}`, { concurrency: 4, skip }, () => {
    acceptingContract(make)
    duplicatesContract(make)
    leasingContract(make)
    settlingContract(make)
    registeringContract(make)
    removingContract(make)
    stalenessContract(make)
    upkeepContract(make)
    zeropushContract(make)
    zeropushSendingContract(make)
    if (isShared) sharingContract(make)
  })
}
