import { generateKeyPairSync, randomBytes, randomInt } from 'node:crypto'

/** What Google keeps of a service account's key, and its private half. */
export interface ServiceAccountKey {
  projectId: string
  clientEmail: string
  keyId: string
  /** PKCS#8 PEM, RSA. Secret. */
  privateKey: string
  /** SPKI PEM. */
  publicKey: string
}

const BITS = 2048

export function generateServiceAccount(projectId = 'demo-chat'): ServiceAccountKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: BITS,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  return {
    projectId,
    clientEmail: `firebase-adminsdk-${randomInt(1000, 10_000)}@${projectId}.iam.gserviceaccount.com`,
    keyId: randomBytes(20).toString('hex'),
    privateKey,
    publicKey,
  }
}

/** The key file as the Firebase console makes it, but for the token URI. */
export function serviceAccountFile(account: ServiceAccountKey, tokenUri: string): string {
  const { projectId, clientEmail, keyId, privateKey } = account
  const content = {
    type: 'service_account',
    project_id: projectId,
    private_key_id: keyId,
    private_key: privateKey,
    client_email: clientEmail,
    client_id: '100000000000000000001',
    auth_uri: 'https://accounts.google.com/o/oauth2/auth',
    token_uri: tokenUri,
    auth_provider_x509_cert_url: 'https://www.googleapis.com/oauth2/v1/certs',
    universe_domain: 'googleapis.com',
  }
  return `${JSON.stringify(content, null, 2)}\n`
}
