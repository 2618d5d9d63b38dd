import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { bad, good, type Parsed } from '../../config/parsed.ts'
import { readPkcs12 } from './pkcs12.ts'

/** PEM texts as TLS takes them: the certificate of the key first, then those that signed it. */
export interface PushCertificate {
  certificate: string
  privateKey: string
}

interface Parts {
  certificates: X509Certificate[]
  privateKey: KeyObject
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
const PEM_PRIVATE_KEY = /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----[\s\S]+?-----END ([A-Z]+ )?PRIVATE KEY-----/

/** A .p12 or PEM file with certificate and private key, checked for what would otherwise fail at the first push. */
export function parsePushCertificate(
  bytes: Buffer,
  passphrase: string | undefined,
  now: number,
): Parsed<PushCertificate> {
  const text = bytes.toString('latin1')
  const parts = text.includes('-----BEGIN ') ? readPem(text, passphrase) : readBinary(bytes, passphrase)
  return parts.ok ? checked(parts.value, now) : parts
}

function readBinary(bytes: Buffer, passphrase: string | undefined): Parsed<Parts> {
  const bags = readPkcs12(bytes, passphrase)
  if (!bags.ok) return bags
  const privateKey = attempt(() =>
    createPrivateKey({ key: bags.value.privateKey, format: 'der', type: 'pkcs8' }),
  )
  const certificates = attempt(() => bags.value.certificates.map(der => new X509Certificate(der)))
  if (!privateKey || !certificates) return bad('the .p12 holds a key or certificate that cannot be read')
  return good({ privateKey, certificates })
}

function readPem(text: string, passphrase: string | undefined): Parsed<Parts> {
  const certificates = attempt(() => (text.match(PEM_CERTIFICATE) ?? []).map(pem => new X509Certificate(pem)))
  if (!certificates) return bad('a certificate in the file is damaged')
  if (certificates.length === 0) return bad('the file holds no certificate')
  const pem = PEM_PRIVATE_KEY.exec(text)?.[0]
  if (pem === undefined) return bad('the file holds no private key; put both into it, or use a .p12')
  // An empty passphrase keeps OpenSSL from asking for one on the terminal.
  const privateKey = attempt(() => createPrivateKey({ key: pem, passphrase: passphrase ?? '' }))
  if (privateKey) return good({ privateKey, certificates })
  return /ENCRYPTED/.test(pem)
    ? bad('the private key is encrypted, and RELAY_APNS_CERT_PASSPHRASE is missing or wrong')
    : bad('the private key is damaged')
}

function checked({ certificates, privateKey }: Parts, now: number): Parsed<PushCertificate> {
  const own = certificates.find(certificate => certificate.checkPrivateKey(privateKey))
  if (!own) return bad('the private key does not belong to the certificate')
  if (own.validToDate.getTime() <= now) return bad(`the certificate expired on ${day(own.validToDate)}`)
  if (own.validFromDate.getTime() > now) {
    return bad(`the certificate is valid only from ${day(own.validFromDate)} on; is the clock right?`)
  }
  const chain = [own, ...certificates.filter(certificate => certificate !== own)]
  const cert = chain.map(certificate => certificate.toString()).join('')
  const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  if (!attempt(() => createSecureContext({ cert, key })))
    return bad('OpenSSL takes no such key or certificate for TLS: too short, or of a kind that is out of use')
  return good({ certificate: cert, privateKey: key })
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10)
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
