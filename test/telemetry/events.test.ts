import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEvents } from '../../src/telemetry/events.ts'

test('a subscriber that throws misses that event only, and keeps no other from it', () => {
  const events = createEvents()
  const seen: string[] = []
  events.on('wave.ended', ({ topic }) => {
    seen.push(`first ${topic}`)
    if (topic === 'a') throw new Error('a bug of the subscriber')
  })
  events.on('wave.ended', ({ topic }) => seen.push(`second ${topic}`))
  events.emit('wave.ended', { provider: 'apns', topic: 'a' })
  events.emit('wave.ended', { provider: 'apns', topic: 'b' })
  assert.deepEqual(seen, ['first a', 'second a', 'first b', 'second b'])
})
