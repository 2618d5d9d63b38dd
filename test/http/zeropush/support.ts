import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { InjectOptions } from 'fastify'
import type { Config } from '../../../src/config/config.ts'
import { zeropushRecipient } from '../../../src/domain/zeropush-recipient.ts'
import { HS256_KEY } from '../../support/jwt.ts'
import { createTestApp, type TestApp, type TestAppOptions } from '../../support/test-app.ts'

export const SERVER = 'server_token_of_nobody'
export const OLD_SERVER = 'server_token_before_rotation'
export const DEV_SERVER = 'iosdev_server_token_1'
export const APP = 'app_token_that_everybody_has'
export const DEV_APP = 'iosdev_app_token_that_all_have'

export const ZEROPUSH: Partial<Config> = {
  zeropush: { serverTokens: [SERVER, OLD_SERVER, DEV_SERVER], appTokens: [APP, DEV_APP] },
  jwt: { jidClaim: 'jid', keys: [HS256_KEY] },
}

/** 64 hexadecimal digits, other ones for each number. */
export const tokenOf = (number: number) => `ab${number.toString(16).padStart(62, '0')}`

export const asToken = (token: string) => ({ authorization: `Token token="${token}"` })

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface ZeropushApp extends TestApp {
  /** As its Ruby client calls: JSON, or for GET and DELETE the query; the token in the header. */
  call(method: Method, path: string, said?: Record<string, unknown>, as?: string): Promise<Answer>
  /** Anything, below /zeropush. */
  raw(options: InjectOptions & { url: string }): Promise<Answer>
  /** Registers devices with these numbers, into these channels. */
  register(numbers: readonly number[], ...channels: string[]): Promise<void>
}

export interface Answer {
  status: number
  body: unknown
  headers: Readonly<Record<string, unknown>>
}

export async function createZeropushApp(
  t: TestContext,
  { config = {}, ...options }: TestAppOptions = {},
): Promise<ZeropushApp> {
  const app = await createTestApp(t, { ...options, config: { ...ZEROPUSH, ...config } })
  const raw: ZeropushApp['raw'] = async ({ url, ...rest }) => {
    const response = await app.http.inject({ ...rest, url: `/zeropush${url}` })
    const { statusCode: status, headers } = response
    return { status, headers, body: response.body === '' ? undefined : response.json() }
  }
  const call: ZeropushApp['call'] = (method, path, said = {}, as = SERVER) => {
    const headers = asToken(as)
    if (method !== 'GET' && method !== 'DELETE') return raw({ method, url: path, headers, payload: said })
    const query = new URLSearchParams(said as Record<string, string>).toString()
    return raw({ method, url: query === '' ? path : `${path}?${query}`, headers })
  }
  const register: ZeropushApp['register'] = async (numbers, ...channels) => {
    for (const number of numbers) {
      const registered = await call('POST', '/register', { device_token: tokenOf(number) })
      assert.equal(registered.status, 200)
      for (const channel of channels) {
        await call('POST', '/subscribe', { device_token: tokenOf(number), channel })
      }
    }
  }
  return Object.assign(app, { raw, call, register })
}

/** As when a provider has said so of this device; the instant from which it is inactive. */
export async function markDead(app: TestApp, token: string, at?: number): Promise<void> {
  const recipient = zeropushRecipient(token)
  const pushed = { headers: asToken(SERVER), payload: { device_tokens: [token], alert: 'x' } }
  await app.http.inject({ method: 'POST', url: '/zeropush/notify', ...pushed })
  const message = app.handedOff.pop()
  const [registration] = await app.store.registrations(recipient)
  assert(message?.content.recipient === recipient && registration)
  const { version, device, kind, provider, app: topic, registeredAt } = registration
  const key = { id: message.id, device, kind, provider, app: topic }
  const record = { ...key, state: 'unregistered', attemptCount: 1, crashCount: 0, attempts: [] } as const
  const effect = { kind: 'unregistered', version, since: at ?? registeredAt, reason: 'Unregistered' } as const
  const settlement = { messageId: message.id, recipient, round: 'first', at: at ?? registeredAt } as const
  assert.equal(await app.store.settle({ ...settlement, results: [{ record, effect }] }), 'unreachable')
}

/** The error, without what is for people. */
export function errorOf({ status, body }: Answer): [status: number, error: unknown] {
  const { error, message, reference_url, ...others } = body as Record<string, unknown>
  assert.deepEqual([typeof message, reference_url, others], ['string', '/docs', {}])
  return [status, error]
}
