import forge from 'node-forge'
import { bad, good, type Parsed } from '../../config/parsed.ts'

/** What a .p12 holds, as DER. */
export interface Pkcs12 {
  /** PKCS#8. */
  privateKey: Buffer
  certificates: Buffer[]
}

/**
 * Reads a .p12 without OpenSSL: macOS's Keychain exports with RC2-40, which OpenSSL 3, and so Node, refuses
 * (https://github.com/nodejs/node/issues/40672).
 */
export function readPkcs12(bytes: Buffer, passphrase: string | undefined): Parsed<Pkcs12> {
  const asn1 = decode(bytes)
  if (!asn1) return bad('the file is neither PEM nor a .p12')
  const pfx = open(asn1, passphrase)
  if (!pfx) {
    return bad(
      passphrase === undefined
        ? 'the .p12 cannot be opened; RELAY_APNS_CERT_PASSPHRASE is probably missing'
        : 'the .p12 cannot be opened; RELAY_APNS_CERT_PASSPHRASE is probably wrong',
    )
  }
  const keys = [...bagsOf(pfx, forge.pki.oids.pkcs8ShroudedKeyBag), ...bagsOf(pfx, forge.pki.oids.keyBag)]
  const [key, ...otherKeys] = keys.map(privateKeyOf)
  const certificates = bagsOf(pfx, forge.pki.oids.certBag).map(certificateOf)
  if (!key) return bad('the .p12 holds no private key; export certificate and key together')
  if (otherKeys.length > 0) return bad('the .p12 holds several private keys; export one certificate only')
  if (certificates.length === 0)
    return bad('the .p12 holds no certificate; export certificate and key together')
  return good({ privateKey: key, certificates })
}

function decode(bytes: Buffer): forge.asn1.Asn1 | undefined {
  try {
    return forge.asn1.fromDer(bytes.toString('latin1'))
  } catch {
    return undefined
  }
}

/** Without a passphrase some exports were made with an empty one, others with none at all: their keys differ. */
function open(asn1: forge.asn1.Asn1, passphrase: string | undefined): forge.pkcs12.Pkcs12Pfx | undefined {
  for (const candidate of passphrase === undefined ? ['', undefined] : [passphrase]) {
    try {
      return forge.pkcs12.pkcs12FromAsn1(asn1, false, candidate)
    } catch {
      // Forge tells a wrong passphrase from a damaged file only by its wording; both get the same advice.
    }
  }
  return undefined
}

function bagsOf(pfx: forge.pkcs12.Pkcs12Pfx, bagType: string | undefined): forge.pkcs12.Bag[] {
  return bagType === undefined ? [] : (pfx.getBags({ bagType })[bagType] ?? [])
}

/** Forge understands RSA keys itself and leaves every other kind as ASN.1. */
function privateKeyOf(bag: forge.pkcs12.Bag): Buffer {
  const asn1 = bag.key
    ? forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(bag.key))
    : (bag.asn1 as forge.asn1.Asn1)
  return derOf(asn1)
}

function certificateOf(bag: forge.pkcs12.Bag): Buffer {
  return derOf(bag.cert ? forge.pki.certificateToAsn1(bag.cert) : (bag.asn1 as forge.asn1.Asn1))
}

function derOf(asn1: forge.asn1.Asn1): Buffer {
  return Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'latin1')
}
