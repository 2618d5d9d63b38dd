import type { Registration } from '../../domain/registration.ts'
import type { FoundRegistration } from '../store.ts'

/** Whether there is the one that was named: not another that has taken its place. */
export function isNamed(registration: Registration | undefined, firstVersion: number | undefined): boolean {
  return (
    registration !== undefined && (firstVersion ?? registration.firstVersion) === registration.firstVersion
  )
}

export function toFound(
  registration: Registration | undefined,
  firstVersion: number | undefined,
  revision: number,
): FoundRegistration {
  if (registration === undefined || !isNamed(registration, firstVersion))
    return { found: false, reason: 'removed' }
  if (registration.state !== 'active') return { found: false, reason: registration.state }
  return { found: true, registration, revision }
}
