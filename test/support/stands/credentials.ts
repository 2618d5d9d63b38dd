import { createServerIdentity } from '../../../src/simulator/certificate.ts'

/** Of every server of a test file: making one takes long. */
export const serverIdentity = createServerIdentity()

/** A line from the middle of a PEM key: what would be in any leak of it. */
export function secretPart(pem: string): string {
  const lines = pem.trim().split('\n')
  return lines[Math.floor(lines.length / 2)] ?? pem
}
