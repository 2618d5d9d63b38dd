import type { Dialect } from './dialect.ts'
import { isRecord, parseJson } from './json.ts'
import { headerCredential } from './token-places.ts'

/** Carlososuna11: correct JSON; with `confidential` there is no `message`. */
export const modOfflineHttpPostJson: Dialect = {
  name: 'mod_offline_http_post_json',
  contentTypes: ['application/json'],
  credential: headerCredential,
  parse({ raw }) {
    const json = parseJson(raw)
    if (!json.ok) return json
    if (!isRecord(json.value)) return { ok: false, problem: 'it is not an object' }
    const { to, from, vhost, message, messageId } = json.value
    const draft = {
      ...(to === undefined ? {} : { to }),
      ...(from === undefined ? {} : { from }),
      isFromServer: from === '',
      vhost,
      body: message,
      bodyOmitted: message === undefined,
      id: messageId,
    }
    return { ok: true, drafts: [draft], many: false }
  },
}
