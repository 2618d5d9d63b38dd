import { readFileSync } from 'node:fs'
import type { HookRequest } from '../../../src/http/dialects/dialect.ts'

/** A token as RELAY_HOOK_TOKENS allows it. */
export const TOKEN = 'Rec0rded.token_of~the-hook'

const FORM_TOKEN = '&access_token=tok+en&x=1'

/** A recorded request with its credential, which the relay does not allow, replaced by `token`. */
export function recording(name: string, token = TOKEN): HookRequest {
  const bytes = readFileSync(new URL(`../../fixtures/ejabberd/${name}.http`, import.meta.url))
  const end = bytes.indexOf('\r\n\r\n')
  const [, ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const headers = Object.fromEntries(
    lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  )
  if (headers.authorization !== undefined) headers.authorization = token
  const body = bytes.subarray(end + 4)
  const text = body.toString('latin1')
  const raw = text.endsWith(FORM_TOKEN)
    ? Buffer.from(`${text.slice(0, -FORM_TOKEN.length)}&access_token=${token}`, 'latin1')
    : body
  return { raw, headers: { ...headers, 'content-length': String(raw.length) } }
}

/** What alice typed in each case. */
export const TYPED: Record<string, string> = {
  ascii: 'Hello Bob, this is plain ASCII.',
  special: 'a&b=c+d%20e%zz\nline2\ttab "dq" \'sq\' back\\slash <tag/> ;?#/end',
  unicode:
    'héllo \u{1f469}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466}\u{1f1e9}\u{1f1ea} שלום مرحبا 你好 日本語 €',
  emptybody: '',
  muc: 'hi room & all ünï',
}
