import { lenientText, strictText } from './byte-text.ts'
import type { Dialect } from './dialect.ts'
import { commonFields } from './plain-form.ts'
import { headerCredential } from './token-places.ts'

// Greedy: the last `&messageId=` ends the text. The id is chosen by the sender as well, so what it claims is a hint.
const FORM =
  /^to=(?<to>[^&]*)&from=(?<from>[^&]*)&vhost=(?<vhost>[^&]*)&(?:body=(?<body>.*)&)?messageId=(?<id>.*)$/s

/** xtwoend, ThomasChiroux, PH-F, devsofpixel7: nothing is encoded; with `confidential` there is no body at all. */
export const modOfflineHttpPost: Dialect = {
  name: 'mod_offline_http_post',
  contentTypes: ['application/x-www-form-urlencoded'],
  credential: headerCredential,
  parse({ raw }) {
    const fields = FORM.exec(raw.toString('latin1'))?.groups
    if (fields === undefined) return { ok: false, problem: 'it is not to, from, vhost, [body], messageId' }
    const notes: string[] = []
    const draft = {
      ...commonFields(fields, notes),
      to: strictText(fields.to),
      vhost: strictText(fields.vhost),
      body: lenientText('body', fields.body, notes),
      bodyOmitted: fields.body === undefined,
      id: lenientText('id', fields.id, notes),
      notes,
    }
    return { ok: true, drafts: [draft], many: false }
  },
}
