import { lenientText, percentDecoded, strictText } from './byte-text.ts'
import type { Dialect } from './dialect.ts'
import { commonFields } from './plain-form.ts'
import { bytesBeforeToken, suffixCredential } from './token-places.ts'

const FORM = /^to=(?<to>[^&]*)&from=(?<from>[^&]*)&body=(?<body>.*)$/s

/** The 2013 original (adamvduke/mod_interact): only the body is percent-encoded, bytewise; a `+` in it is a `+`. */
export const modInteract: Dialect = {
  name: 'mod_interact',
  contentTypes: ['application/x-www-form-urlencoded'],
  // Up to three bytes for one, percent-encoded.
  unprovenBodyBytes: 1024 * 1024,
  credential: suffixCredential,
  parse(request) {
    const fields = FORM.exec(bytesBeforeToken(request))?.groups
    if (fields === undefined) return { ok: false, problem: 'it is not to, from, body, access_token' }
    const notes: string[] = []
    const draft = {
      ...commonFields(fields, notes),
      to: strictText(fields.to),
      body: lenientText('body', percentDecoded(fields.body ?? ''), notes),
      notes,
    }
    return { ok: true, drafts: [draft], many: false }
  },
}
