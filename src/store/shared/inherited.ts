import type { Registration } from '../../domain/registration.ts'
import type { RegisterCommand } from '../store.ts'

export interface Inherited extends Pick<Registration, 'environment' | 'environmentSource'> {
  lastAcceptedAt: number | undefined
}

/**
 * What a registration has from the one whose place it takes. A token never changes its environment: what a push has proven
 * outlives the next `PUT` of the same token.
 */
export function inheritedBy(command: RegisterCommand, existing: Registration | undefined): Inherited {
  const isSameToken =
    existing !== undefined &&
    existing.provider === command.provider &&
    existing.app === command.app &&
    existing.token === command.token
  const { environment, environmentSource } =
    isSameToken && existing.environmentSource === 'learned' ? existing : command
  return {
    environment,
    environmentSource,
    lastAcceptedAt: isSameToken ? existing.lastAcceptedAt : undefined,
  }
}
