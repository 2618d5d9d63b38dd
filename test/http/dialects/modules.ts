import type { MessageDraft } from '../../../src/domain/message-draft.ts'
import type { Dialect, HookRequest } from '../../../src/http/dialects/dialect.ts'
import { modInteract } from '../../../src/http/dialects/mod-interact.ts'
import { modOfflineHttpPost } from '../../../src/http/dialects/mod-offline-http-post.ts'
import { modOfflineHttpPostJson } from '../../../src/http/dialects/mod-offline-http-post-json.ts'
import { modOfflineHttpPostNotify } from '../../../src/http/dialects/mod-offline-http-post-notify.ts'
import { modOfflinePost } from '../../../src/http/dialects/mod-offline-post.ts'
import { TOKEN } from './recording.ts'

/** What a sender chooses; the rest is the server's. */
export interface Sent {
  body: string
  nick?: string
  id?: string
}

/** A module as its source writes its request, from alice to bob, or to bob and carol in a room. */
export interface Module {
  name: string
  dialect: Dialect
  recipients: string[]
  /** Which of the sender's words it passes on. */
  sends: { nick: boolean; id: boolean }
  post(sent: Sent): HookRequest
}

function withToken(text: string): HookRequest {
  return { raw: Buffer.from(`${text}&access_token=${TOKEN}`), headers: {} }
}

function withHeader(text: string): HookRequest {
  return { raw: Buffer.from(text), headers: { authorization: TOKEN } }
}

/** Percent-encodes every byte that is not a letter or a digit. */
function encoded(text: string): string {
  return Array.from(Buffer.from(text), byte => {
    const character = String.fromCharCode(byte)
    return /[A-Za-z0-9]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`
  }).join('')
}

const one = { recipients: ['bob@localhost'] }
const room = { recipients: ['bob@localhost', 'carol@localhost'] }

export const MODULES: Module[] = [
  {
    ...one,
    name: 'adamvduke',
    dialect: modInteract,
    sends: { nick: false, id: false },
    post: ({ body }) => withToken(`to=bob&from=alice&body=${encoded(body)}`),
  },
  {
    ...one,
    name: 'izandromm',
    dialect: modOfflinePost,
    sends: { nick: false, id: false },
    post: ({ body }) => withToken(`type=chat&to=bob&from=alice&body=${body}`),
  },
  {
    ...room,
    name: 'izandromm, room',
    dialect: modOfflinePost,
    sends: { nick: true, id: false },
    post: ({ body, nick = 'Alice' }) =>
      withToken(`type=groupchat&to=room1&from=alice&offline=bob..carol..&nick=${nick}&body=${body}`),
  },
  {
    ...one,
    name: 'eeren323, room',
    dialect: modOfflinePost,
    sends: { nick: false, id: false },
    post: ({ body }) =>
      withToken(`type=groupchat&room_id=room1&to=bob@localhost&from=alice@localhost&body=${body}`),
  },
  {
    ...one,
    name: 'xtwoend',
    dialect: modOfflineHttpPost,
    sends: { nick: false, id: true },
    post: ({ body, id = 'i1' }) =>
      withHeader(`to=bob&from=alice&vhost=localhost&body=${body}&messageId=${id}`),
  },
  {
    ...one,
    name: 'alianp',
    dialect: modOfflineHttpPostNotify,
    sends: { nick: false, id: true },
    post: ({ body, id = 'i1' }) =>
      withHeader(
        `type=chat&to=bob&from=alice&vhost=localhost&messageId=${id}&stanzaMessageId=17&body=${body}&`,
      ),
  },
  {
    ...room,
    name: 'alianp, room',
    dialect: modOfflineHttpPostNotify,
    sends: { nick: true, id: true },
    post: ({ body, nick = 'Alice', id = 'i1' }) =>
      withHeader(
        `type=groupchat&to=room1&from=alice&offline=bob|carol&nick=${nick}&vhost=localhost&messageId=${id}&stanzaMessageId=17&body=${body}&`,
      ),
  },
  {
    ...one,
    name: 'Carlososuna11',
    dialect: modOfflineHttpPostJson,
    sends: { nick: false, id: true },
    post: ({ body, id = 'i1' }) =>
      withHeader(
        JSON.stringify({ from: 'alice', to: 'bob', vhost: 'localhost', message: body, messageId: id }),
      ),
  },
]

export function draftsOf(dialect: Dialect, request: HookRequest): readonly (MessageDraft | undefined)[] {
  const parsed = dialect.parse(request)
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.drafts
}
