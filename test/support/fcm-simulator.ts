import { createPrivateKey } from 'node:crypto'
import { type ClientHttp2Session, connect } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import type { TestContext } from 'node:test'
import { SignJWT } from 'jose'
import { createServerIdentity } from '../../src/simulator/certificate.ts'
import {
  type FcmSimulator,
  type FcmSimulatorOptions,
  startFcmSimulator,
} from '../../src/simulator/fcm/fcm-simulator.ts'
import { generateServiceAccount } from '../../src/simulator/fcm/service-account.ts'

/** Making an RSA key takes long. */
export const ACCOUNT = generateServiceAccount('demo-chat')
export const TOKEN = 'dX3kLw9sTqG0:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx0dpgQ7'

const identity = createServerIdentity()

/** Gone when the test ends. */
export async function startFcm(
  t: Pick<TestContext, 'after'>,
  options: FcmSimulatorOptions = {},
): Promise<FcmSimulator> {
  const simulator = await startFcmSimulator({ account: ACCOUNT, identity: await identity, ...options })
  t.after(() => simulator.close())
  return simulator
}

export interface FcmResponse {
  status: number
  headers: Record<string, unknown>
  body: string
}

export interface FcmRequest {
  accessToken?: string
  path?: string
  method?: string
  type?: string
  body?: unknown
}

/** Speaks to the simulator with Node's own client; closed when the test ends. */
export function connectFcm(t: Pick<TestContext, 'after'>, simulator: FcmSimulator) {
  const session = connect(simulator.url, { ca: simulator.ca })
  session.on('error', () => {})
  t.after(() => session.destroy())
  return {
    session,
    send: (request: FcmRequest) => send(session, { path: sendPath(simulator), ...request }),
  }
}

function sendPath({ account }: FcmSimulator): string {
  return `/v1/projects/${account.projectId}/messages:send`
}

function send(session: ClientHttp2Session, request: FcmRequest): Promise<FcmResponse> {
  const { accessToken, path = '/', method = 'POST', type = 'application/json', body } = request
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': method,
      ':path': path,
      'content-type': type,
      ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
    })
    let text = ''
    let head: Record<string, unknown> = {}
    stream.setEncoding('utf8')
    stream.on('response', headers => {
      head = { ...headers }
    })
    stream.on('data', (chunk: string) => {
      text += chunk
    })
    stream.on('error', reject)
    stream.on('close', () => resolve({ status: Number(head[':status']), headers: head, body: text }))
    stream.end(typeof body === 'string' || body instanceof Buffer ? body : JSON.stringify(body))
  })
}

/** Posts a form to the token endpoint. */
export async function askForToken(
  simulator: FcmSimulator,
  form: string | Record<string, string>,
  { path = '/token', method = 'POST', type = 'application/x-www-form-urlencoded' } = {},
): Promise<{ status: number; body: Record<string, unknown>; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
  const request = httpsRequest(
    `${simulator.tokenEndpoint.url}${path}`,
    { method, ca: simulator.ca, agent: false, headers: { 'content-type': type } },
    response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    },
  )
  request.on('error', reject)
  request.end(typeof form === 'string' ? form : new URLSearchParams(form).toString())
  const { status, text } = await promise
  return { status, text, body: text.startsWith('{') ? JSON.parse(text) : {} }
}

export const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
export const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging'

export interface AssertionChanges {
  header?: Record<string, unknown>
  claims?: Record<string, unknown>
  privateKey?: string
}

/** A good assertion, but for the changes; signed with jose, while the simulator verifies with node:crypto. */
export function assertionFor(simulator: FcmSimulator, now: number, changes: AssertionChanges = {}) {
  const issuedAt = Math.floor(now / 1000)
  const claims = {
    iss: ACCOUNT.clientEmail,
    aud: `${simulator.tokenEndpoint.url}/token`,
    scope: SCOPE,
    iat: issuedAt,
    exp: issuedAt + 3600,
    ...changes.claims,
  }
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: ACCOUNT.keyId, ...changes.header })
    .sign(createPrivateKey(changes.privateKey ?? ACCOUNT.privateKey))
}

/** An access token as a relay gets it. */
export async function accessTokenOf(simulator: FcmSimulator, now = Date.now()): Promise<string> {
  const assertion = await assertionFor(simulator, now)
  const { body } = await askForToken(simulator, { grant_type: GRANT_TYPE, assertion })
  return String(body.access_token)
}
