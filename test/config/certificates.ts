import { generateKeyPairSync } from 'node:crypto'
import forge from 'node-forge'
import { NOW } from './support.ts'

const DAY = 86_400_000

export interface TestCertificate {
  certificate: string
  privateKey: string
}

/** Self-signed; valid from `from` to `to` (ms relative to NOW). */
export function selfSigned(from = -DAY, to = DAY, modulusLength = 2048): TestCertificate {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const key = forge.pki.privateKeyFromPem(privateKey)
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.setRsaPublicKey(key.n, key.e)
  certificate.serialNumber = '01'
  certificate.validity.notBefore = new Date(NOW + from)
  certificate.validity.notAfter = new Date(NOW + to)
  const name = [{ name: 'commonName', value: 'Apple Push Services: com.example.chat' }]
  certificate.setSubject(name)
  certificate.setIssuer(name)
  certificate.sign(key, forge.md.sha256.create())
  return { certificate: forge.pki.certificateToPem(certificate), privateKey }
}

export function pkcs12(
  certificates: TestCertificate[],
  privateKey: string | null,
  passphrase: string,
): Buffer {
  const asn1 = forge.pkcs12.toPkcs12Asn1(
    privateKey === null ? (null as never) : forge.pki.privateKeyFromPem(privateKey),
    certificates.length === 0
      ? (null as never)
      : certificates.map(({ certificate }) => forge.pki.certificateFromPem(certificate)),
    passphrase,
    { algorithm: '3des' },
  )
  return Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'latin1')
}
