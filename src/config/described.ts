import { hash, X509Certificate } from 'node:crypto'

export const NOT_SET = '(not set)'

/** Of a secret: enough to compare two machines, too little to guess it. */
export function describeSecret(secret: string | Buffer): string {
  return `#${hash('sha256', secret, 'hex').slice(0, 12)}`
}

/** Of a PEM certificate: whose it is, and until when. */
export function describeCertificate(pem: string): string {
  const certificate = new X509Certificate(pem)
  const name = /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? 'certificate'
  return `${name}, valid until ${certificate.validToDate.toISOString().slice(0, 10)}`
}
