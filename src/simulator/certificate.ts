import { X509Certificate } from 'node:crypto'
import { generate } from 'selfsigned'
import { systemClock } from '../domain/clock.ts'

/** A certificate authority of our own and the server certificate it signed, all PEM. The keys are secret. */
export interface ServerIdentity {
  ca: string
  caKey: string
  certificate: string
  privateKey: string
}

export interface ClientCertificate {
  certificate: string
  privateKey: string
}

const DAY_MS = 24 * 3600 * 1000
const VALID_DAYS = 825

// RFC 4519 §2.39, `uid`: Apple's push certificates name their bundle id in this attribute of the subject.
const UID_OID = '0.9.2342.19200300.100.1.1'

/** For localhost and its addresses, and these names. */
export async function createServerIdentity(names: readonly string[] = []): Promise<ServerIdentity> {
  const ca = await generate([{ name: 'commonName', value: 'push-relay simulator CA' }], {
    ...validity(),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  const server = await generate([{ name: 'commonName', value: 'localhost' }], {
    ...validity(),
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...['localhost', ...names].map(value => ({ type: 2 as const, value })),
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  })
  return { ca: ca.cert, caKey: ca.private, certificate: server.cert, privateKey: server.private }
}

/** It has not expired. Throws for what is no certificate. */
export function isValid({ certificate }: ServerIdentity): boolean {
  return new X509Certificate(certificate).validToDate.getTime() > systemClock.now()
}

/** Stands in for Apple's "Apple Push Services" certificate of one app. */
export async function issueClientCertificate(
  identity: ServerIdentity,
  topic: string,
): Promise<ClientCertificate> {
  const attributes = [
    { name: 'commonName', value: `Apple Push Services: ${topic}` },
    { name: UID_OID, value: topic },
  ]
  const client = await generate(attributes, {
    ...validity(),
    ca: { key: identity.caKey, cert: identity.ca },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'extKeyUsage', clientAuth: true },
    ],
  })
  return { certificate: client.cert, privateKey: client.private }
}

/** TLS checks real time, whatever clock the simulator runs on; a day back forgives a client whose clock lags. */
function validity() {
  const now = systemClock.now()
  return {
    keyType: 'ec' as const,
    algorithm: 'sha256',
    notBeforeDate: new Date(now - DAY_MS),
    notAfterDate: new Date(now + VALID_DAYS * DAY_MS),
  }
}
