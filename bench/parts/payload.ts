import { newMessageId } from '../../src/domain/message-id.ts'
import { buildNotification } from '../../src/domain/notification.ts'
import { encodePayload } from '../../src/providers/apns/payload.ts'
import { messageText, recipient } from '../load/messages.ts'
import type { StartPart } from './part.ts'

const SETTINGS = { preview: 'full', previewText: 'New message', hashKey: 'key' } as const

/** From the notification to the bytes that go to Apple. */
export const payload: StartPart = () => {
  const notifications = Array.from({ length: 1000 }, (_, index) => notification(index))
  return {
    async run(messages) {
      for (let index = 0; index < messages; index++) {
        encodePayload(notifications[index % notifications.length] as (typeof notifications)[number])
      }
    },
    close: async () => {},
  }
}

function notification(index: number) {
  const content = {
    recipient: recipient(index),
    sender: 'friend@bench.example',
    type: 'chat',
    body: messageText(index),
    encrypted: false,
    nick: 'A. Friend',
  } as const
  return buildNotification(newMessageId(), content, 'full', SETTINGS)
}
