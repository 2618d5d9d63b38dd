import type { HookToken } from './config.ts'
import { domain } from './domain-name.ts'
import { allGood, bad, good, type Parsed, parseList } from './parsed.ts'

/** What the public ejabberd modules can send: they put the token into a form without encoding it. */
const TOKEN = /^[A-Za-z0-9._~-]{16,}$/
const TOKEN_RULE = 'must be 16 or more of the characters A-Z a-z 0-9 . _ ~ -'

/** `token,token`. */
export function plainTokens(text: string): Parsed<string[]> {
  const parsed = parseList(text, parseToken)
  return parsed.ok ? withoutRepeats(parsed.value, entry => entry) : parsed
}

/** `token,token=example.org|chat.example.org`. */
export function hookTokens(text: string): Parsed<HookToken[]> {
  const parsed = parseList(text, parseHookToken)
  return parsed.ok ? withoutRepeats(parsed.value, entry => entry.token) : parsed
}

function parseToken(text: string, position: string): Parsed<string> {
  return TOKEN.test(text) ? good(text) : bad(`${position}${TOKEN_RULE}`)
}

function parseHookToken(text: string, position: string): Parsed<HookToken> {
  const equals = text.indexOf('=')
  if (equals < 0) {
    const token = parseToken(text, position)
    return token.ok ? good({ token: token.value, domains: undefined }) : token
  }
  const token = parseToken(text.slice(0, equals), position)
  const domains = allGood(
    text
      .slice(equals + 1)
      .split('|')
      .map(name => domain(name.trim())),
  )
  if (token.ok && domains.ok) return good({ token: token.value, domains: [...new Set(domains.value)] })
  return bad(
    ...(token.ok ? [] : token.problems),
    ...(domains.ok
      ? []
      : [`${position}after the =, domains are separated by |, such as example.org|example.com`]),
  )
}

function withoutRepeats<T>(entries: T[], tokenOf: (entry: T) => string): Parsed<T[]> {
  const isNew = new Set(entries.map(tokenOf)).size === entries.length
  return isNew ? good(entries) : bad('holds the same token twice')
}
