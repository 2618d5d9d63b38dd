import { pino } from 'pino'
import { systemClock } from '../../src/domain/clock.ts'
import { createEvents } from '../../src/telemetry/events.ts'
import { subscribeLog } from '../../src/telemetry/log-subscriber.ts'
import { createMetrics } from '../../src/telemetry/metrics-subscriber.ts'
import type { StartPart } from './part.ts'

/** What log and metrics make of the events of one message on the good path. */
export const telemetry: StartPart = () => {
  const events = createEvents()
  subscribeLog(events, pino({ level: 'info' }))
  createMetrics(events, {
    store: { outbox: async () => ({ pending: 0 }) },
    inMemory: () => 0,
    clock: systemClock,
    providers: ['apns'],
  })
  const ids = { messageId: 'message', deliveryId: 'delivery' }
  return {
    async run(messages) {
      for (let index = 0; index < messages; index++) {
        const durationMs = index % 50
        events.emit('message.accepted', { ...ids, status: 'queued', durationMs, leased: true })
        const attempt = {
          number: 1,
          at: index,
          outcome: 'accepted',
          status: 200,
          durationMs,
          environment: 'production',
        } as const
        events.emit('attempt.finished', { ...ids, provider: 'apns', app: 'app', attempt, state: 'accepted' })
        events.emit('message.settled', { ...ids, state: 'accepted' })
      }
    },
    close: async () => {},
  }
}
