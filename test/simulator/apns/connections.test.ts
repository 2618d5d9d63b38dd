import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { pushHeaders, TOKEN, TOPIC } from '../../support/apns-client.ts'
import { startRig, streamLimit } from '../../support/apns-simulator.ts'

const OTHER = 'cd'.repeat(32)

/** Requests in flight that hang, on a connection that may have several. */
async function startHanging(t: Parameters<typeof startRig>[0], count: number) {
  const rig = await startRig(t)
  assert.equal((await rig.client.push()).status, 200)
  await streamLimit(rig.client, 1000)
  rig.simulator.faults.replace([{ action: 'hang', token: OTHER }])
  const pushes = Array.from({ length: count }, () => rig.client.tryPush({ token: OTHER }))
  await rig.simulator.until(({ strikes }) => strikes === count)
  return { ...rig, pushes }
}

test('allows one stream until the first accepted push', async t => {
  const { client, simulator } = await startRig(t)
  await streamLimit(client, 1)
  simulator.faults.replace([{ action: 'answer', status: 503, reason: 'Shutdown', token: OTHER }])
  assert.equal((await client.push({ token: OTHER })).status, 503)
  assert.equal((await client.push({ headers: { authorization: undefined } })).status, 403)
  assert.equal((await client.push({ token: 'xy' })).status, 400)
  assert.equal(client.session.remoteSettings.maxConcurrentStreams, 1)
  assert.equal((await client.push()).status, 200)
  await streamLimit(client, 1000)
})

test('changes the stream limit of connections that proved themselves', async t => {
  const { simulator, client, connect } = await startRig(t, { initialStreamLimit: 2, streamLimit: 50 })
  const fresh = connect()
  await streamLimit(fresh, 2)
  await client.push()
  await streamLimit(client, 50)
  simulator.setStreamLimit(3)
  await streamLimit(client, 3)
  assert.equal((await fresh.push({ token: 'xy' })).status, 400)
  assert.equal(fresh.session.remoteSettings.maxConcurrentStreams, 2)
  await fresh.push()
  await streamLimit(fresh, 3)
})

test('speaks HTTP/2 only', async t => {
  const { simulator } = await startRig(t)
  const { host, port, ca } = simulator
  const socket = connectTls({ host, port, ca, ALPNProtocols: ['http/1.1'] })
  const error = await new Promise<NodeJS.ErrnoException>(resolve => socket.once('error', resolve))
  assert.equal(error.code, 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL')
})

test('says GOAWAY and lets what has begun finish', async t => {
  const { simulator, client, connect } = await startRig(t)
  await client.push()
  simulator.goaway({ reason: 'Shutdown' })
  await client.closed
  assert.deepEqual(client.goaways[0], { code: 0, lastStreamId: 1, data: '{"reason":"Shutdown"}' })
  assert.equal((await connect().push()).status, 200)
})

test('says GOAWAY twice: first without a limit, then the last stream', async t => {
  const { simulator, client } = await startHanging(t, 1)
  const second = new Promise<void>(resolve => {
    client.session.on('goaway', () => client.goaways.length === 2 && resolve())
  })
  simulator.goaway({ double: true })
  await second
  assert.deepEqual(
    client.goaways.map(({ lastStreamId }) => lastStreamId),
    [2 ** 31 - 1, 3],
  )
})

test('closes after the first of two GOAWAYs where the client has nothing left to do', async t => {
  const { simulator, client } = await startRig(t)
  await client.push()
  simulator.goaway({ double: true })
  await client.closed
})

test('GOAWAY with an error code ends the session', async t => {
  const { simulator, client, pushes } = await startHanging(t, 2)
  simulator.goaway({ code: 'ENHANCE_YOUR_CALM' })
  await client.closed
  assert.equal(client.goaways[0]?.code, 11)
  for (const push of pushes) assert.ok('error' in (await push))
})

test('GOAWAY with a lower last stream refuses the later ones, and they are never shown', async t => {
  const { simulator, client, pushes } = await startHanging(t, 3)
  simulator.goaway({ lastStreamId: 3 })
  const refused = await Promise.all(pushes.slice(1))
  assert.deepEqual(
    refused.map(end => 'rstCode' in end && end.rstCode),
    [7, 7],
  )
  assert.equal(client.goaways[0]?.lastStreamId, 3)
  assert.equal(client.session.destroyed, false)
  assert.equal(simulator.phones.phone(OTHER).received, 0)
})

test('GOAWAY never says unprocessed of what was processed', async t => {
  const { simulator, client } = await startRig(t)
  for (let n = 0; n < 3; n += 1) await client.push()
  simulator.goaway({ lastStreamId: 1 })
  await client.closed
  assert.equal(client.goaways[0]?.lastStreamId, 5)
})

test('a fault says GOAWAY at a request, before or after processing it', async t => {
  const { simulator, client, connect } = await startRig(t)
  await client.push()
  simulator.faults.add({ action: 'goaway', times: 1, reason: 'Shutdown' })
  const refused = await client.tryPush()
  assert.equal('rstCode' in refused && refused.rstCode, 7)
  assert.deepEqual(client.goaways[0], { code: 0, lastStreamId: 1, data: '{"reason":"Shutdown"}' })
  simulator.faults.replace([{ action: 'goaway', lastStream: 'this', times: 1 }])
  const second = connect()
  assert.equal((await second.push()).status, 200)
  await second.closed
  simulator.faults.replace([{ action: 'goaway', times: 1 }])
  const first = await connect().tryPush()
  assert.equal('rstCode' in first && first.rstCode, 7)
  assert.equal(simulator.phones.phone(TOKEN).received, 2)
})

test('refuses connections while open ones live on, and accepts again on the same port', async t => {
  const { simulator, client, connect } = await startRig(t)
  await client.push()
  simulator.refuseConnections()
  simulator.refuseConnections()
  const refused = connect()
  const error = new Promise<NodeJS.ErrnoException>(resolve => refused.session.once('error', resolve))
  assert.equal((await error).code, 'ECONNREFUSED')
  assert.equal((await client.push()).status, 200)
  await simulator.acceptConnections()
  await simulator.acceptConnections()
  assert.equal((await connect().push()).status, 200)
})

test('takes a client certificate instead of provider tokens, for its own app', async t => {
  const { simulator, connect } = await startRig(t)
  const { certificate: cert, privateKey: key } = await simulator.issueClientCertificate(TOPIC)
  const client = connect({ cert, key })
  await streamLimit(client, 1000)
  const answer = async (headers: Record<string, string | undefined>) =>
    (await client.push({ headers })).reason
  assert.equal(await answer({ 'apns-topic': undefined }), undefined)
  assert.equal(await answer({ authorization: 'bearer nonsense' }), undefined)
  assert.equal(await answer({ 'apns-topic': `${TOPIC}.voip`, 'apns-push-type': 'voip' }), undefined)
  assert.equal(await answer({ 'apns-topic': 'com.example.other' }), 'TopicDisallowed')
  const location = { 'apns-topic': `${TOPIC}.location-query`, 'apns-push-type': 'location' }
  assert.equal(await answer(location), 'Forbidden')
})

test('answers BadCertificate to a certificate it did not sign', async t => {
  const { connect } = await startRig(t)
  const { simulator: stranger } = await startRig(t, { identity: undefined as never })
  const { certificate: cert, privateKey: key } = await stranger.issueClientCertificate(TOPIC)
  const answer = await connect({ cert, key }).push()
  assert.deepEqual([answer.status, answer.reason], [403, 'BadCertificate'])
})

test('waits for events, and gives up when it is closed', async t => {
  const { simulator, client } = await startRig(t)
  const shown: string[] = []
  simulator.events.on('push', (token, { body }) => shown.push(`${token} ${body}`))
  const two = simulator.received(2)
  await client.push()
  await client.push({ token: OTHER })
  await two
  assert.deepEqual(shown, [`${TOKEN} Hi`, `${OTHER} Hi`])
  await simulator.received(1)
  const never = assert.rejects(simulator.received(3), /closed/)
  const broken = assert.rejects(
    simulator.until(({ requests }) => {
      if (requests > 2) throw new Error('a bug in the test')
      return false
    }),
    /a bug in the test/,
  )
  assert.equal((await client.push({ body: '{}' })).status, 400)
  await broken
  await simulator.close()
  await simulator.close()
  await never
  await assert.rejects(simulator.received(4), /closed/)
})

test('has been sent nothing by a client that is gone in the middle of a body', async t => {
  const { simulator, client, connect, jwt } = await startRig(t)
  await client.push()
  await streamLimit(client, 1000)
  const half = client.session.request(pushHeaders({ jwt }), { endStream: false })
  half.on('error', () => {})
  half.write('{"aps":{"alert":"half of')
  // It is answered after the half has come.
  await client.push({ token: 'xy' })
  client.session.destroy()
  await simulator.until(({ connections }) => connections.open === 0)
  assert.equal((await connect().push()).status, 200)
  assert.deepEqual(simulator.stats().refusals, { '400 BadDeviceToken': 1 })
})
