import { systemClock } from '../../src/domain/clock.ts'
import { acceptDrafts } from '../../src/http/accept-drafts.ts'
import type { ParsedBody } from '../../src/http/dialects/dialect.ts'
import { parseJsonMessages } from '../../src/http/dialects/front-door.ts'
import { modOfflinePost } from '../../src/http/dialects/mod-offline-post.ts'
import { createAcceptOfflineMessages } from '../../src/intake/accept-offline-message.ts'
import { createEvents } from '../../src/telemetry/events.ts'
import { message } from '../load/messages.ts'
import { createNullStore } from './null-store.ts'
import type { Part, StartPart } from './part.ts'

/** From the bytes of a body to the store's door: dialect, rules of the front door, intake. */
export const readJson: StartPart = () => reading(index => JSON.stringify(message(index)), parseJsonMessages)

export const readForm: StartPart = () => {
  const form = (index: number) => {
    const { to, from, body } = message(index)
    return `to=${to}&from=${from}&body=${body}&access_token=bench-hook-token-0123456789`
  }
  return reading(form, raw => modOfflinePost.parse({ raw, headers: {} }))
}

function reading(write: (index: number) => string, parse: (raw: Buffer) => ParsedBody): Part {
  const acceptOfflineMessages = createAcceptOfflineMessages({
    store: createNullStore(),
    handOff: { reserve: () => true, giveBack() {}, take() {}, wake() {} },
    events: createEvents(),
    clock: systemClock,
    messageTtlMs: 1,
  })
  // Written before they are read, so that only the reading is measured.
  const bodies = Array.from({ length: 1000 }, (_, index) => Buffer.from(write(index)))
  const grant = { kind: 'hook', domains: undefined } as const
  return {
    async run(messages) {
      for (let index = 0; index < messages; index++) {
        const body = parse(bodies[index % bodies.length] as Buffer)
        await acceptDrafts(body, grant, { acceptOfflineMessages, xmppDomain: undefined })
      }
    },
    close: async () => {},
  }
}
