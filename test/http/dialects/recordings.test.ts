import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { readDraft } from '../../../src/domain/message-draft.ts'
import type { OfflineMessage } from '../../../src/domain/offline-message.ts'
import { DIALECTS } from '../../../src/http/dialects/registry.ts'
import { recording, TOKEN, TYPED } from './recording.ts'

const NAMES = readdirSync(new URL('../../fixtures/ejabberd/', import.meta.url))
  .filter(name => name.endsWith('.http'))
  .map(name => name.slice(0, -'.http'.length))

/** The recorded case of a module: which dialect, which module, which case. */
function partsOf(name: string) {
  const [dialect = '', ...rest] = name.split('-')
  return { dialect, module: rest.length > 1 ? rest[0] : dialect, typed: rest.at(-1) ?? '' }
}

function replay(name: string): OfflineMessage {
  const { dialect: dialectName } = partsOf(name)
  const dialect = DIALECTS.find(({ name }) => name === dialectName)
  assert.ok(dialect, `no dialect for ${name}`)
  const request = recording(name)
  assert.ok(dialect.contentTypes.includes(String(request.headers['content-type'])))
  assert.equal(dialect.credential(request), TOKEN)
  const parsed = dialect.parse(request)
  assert.ok(parsed.ok)
  assert.equal(parsed.drafts.length, 1)
  const read = readDraft(parsed.drafts[0], { defaultDomains: ['localhost'] })
  assert.ok(read.ok)
  return read.message
}

/** What must become of a recorded case. */
function expected(name: string) {
  const { dialect, module, typed } = partsOf(name)
  const isRoom = typed === 'muc'
  const common = {
    recipient: 'bob@localhost',
    sender: 'alice@localhost',
    body: TYPED[typed],
    type: isRoom ? 'groupchat' : 'chat',
    encrypted: false,
    bodyOmitted: false,
    notes: [],
  }
  const room = isRoom ? { room: 'room1' } : {}
  const nick = isRoom && module !== 'eeren323' ? { nick: 'Alice & Co' } : {}
  const id = dialect.startsWith('mod_offline_http_post') ? { stanzaId: `id-${typed}-1` } : {}
  return { ...common, ...room, ...nick, ...id }
}

describe('recorded requests', () => {
  it('are all here, and the text of the tests is what was typed', () => {
    assert.equal(NAMES.length, 26)
    const typed = Buffer.from(TYPED.unicode ?? '')
    assert.equal(typed.length, 81)
    assert.equal(hash('sha256', typed), '6cce738ec65bcd24cece145b6660e6b80d5d8eb0e93898b0ecd535d10ab01123')
  })

  for (const name of NAMES) {
    it(`${name}: the text arrives as it was typed, from alice to bob`, () => {
      assert.deepEqual(replay(name), expected(name))
    })
  }
})
