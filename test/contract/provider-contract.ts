import { describe } from 'node:test'
import type { Stand } from '../support/stands/stand.ts'
import { acceptingContract } from './provider/accepting.ts'
import { answersContract } from './provider/answers.ts'
import { closingContract } from './provider/closing.ts'
import { configuringContract } from './provider/configuring.ts'
import { connectionsContract } from './provider/connections.ts'
import { refusalsContract } from './provider/refusals.ts'
import { registeringContract } from './provider/registering.ts'

/**
 * Every promise of the provider port. Whoever adds a provider calls this with its simulator. In all of it each outcome is
 * looked at for its form and for secrets, and so is what the provider reports and says of its health.
 */
export function providerContract(name: string, stand: Stand): void {
  describe(`provider contract: ${name}`, { timeout: 290_000 }, () => {
    configuringContract(stand)
    registeringContract(stand)
    acceptingContract(stand)
    refusalsContract(stand)
    answersContract(stand)
    connectionsContract(stand)
    closingContract(stand)
  })
}
