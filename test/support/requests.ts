import assert from 'node:assert/strict'
import { ADMIN_TOKEN, bearer, type TestApp } from './test-app.ts'

export const DEVICE_TOKEN = 'ab'.repeat(32)

/** Registers a phone as an admin would. */
export async function registerPhone(
  app: TestApp,
  recipient: string,
  device = 'phone1',
  token = DEVICE_TOKEN,
): Promise<void> {
  const response = await app.http.inject({
    method: 'PUT',
    url: `/v1/devices/${device}`,
    headers: bearer(ADMIN_TOKEN),
    payload: { recipient, provider: 'apns', token },
  })
  assert.ok(response.statusCode === 200 || response.statusCode === 201, response.body)
}

/** Nothing was committed and nobody was woken. */
export async function assertNothingHappened(app: TestApp): Promise<void> {
  assert.deepEqual(app.handedOff, [])
  assert.deepEqual(await app.store.messages({ limit: 10 }), [])
}
