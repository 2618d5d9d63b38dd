import { hash } from 'node:crypto'
import { DOMAIN } from '../load/messages.ts'

/** Who has a registration: those of the fill, and those who come while it is measured. */
export interface Accounts {
  count: number
  prefix: string
}

export function filled(count: number): Accounts {
  return { count, prefix: 'person' }
}

export function newcomers(count: number, prefix: string): Accounts {
  return { count, prefix }
}

export function account({ prefix }: Accounts, index: number): string {
  return `${prefix}-${index}@${DOMAIN}`
}

/** As random as Apple's, and known again. */
export function tokenOf(recipient: string): string {
  return hash('sha256', recipient, 'hex')
}

// Odd, and prime: accounts that follow each other are far apart.
const STRIDE = 2_654_435_761

/** Scattered over all of them, and the same in each run. */
export function scattered(accounts: Accounts, index: number): string {
  return account(accounts, (index * STRIDE) % accounts.count)
}
