import { percentDecoded, strictText } from '../dialects/byte-text.ts'

/** By name; `name[]` and a repeated name make a list, `name[key]` makes a record. */
export type Fields = Record<string, unknown>

export type ParsedForm = { ok: true; fields: Fields } | { ok: false; problem: string }

/** A thousand devices and everything else that can be said. */
const MAX_PAIRS = 2000
const MAX_DEPTH = 8
const NAME = /^([^[\]]+)((?:\[[^[\]]*\])*)$/

type Tree = string | Map<string, Tree>

/**
 * A query or a body as forms are written (https://url.spec.whatwg.org/#urlencoded-parsing), with the brackets of Rails and
 * PHP. Strict about UTF-8: `bytes` has one character for each byte.
 */
export function parseForm(bytes: string): ParsedForm {
  const pairs = bytes.split('&', MAX_PAIRS + 1).filter(pair => pair !== '')
  if (pairs.length > MAX_PAIRS) return { ok: false, problem: `it has more than ${MAX_PAIRS} fields` }
  const root = new Map<string, Tree>()
  for (const pair of pairs) {
    const problem = addPair(root, pair)
    if (problem !== undefined) return { ok: false, problem }
  }
  return { ok: true, fields: Object.fromEntries([...root].map(([name, tree]) => [name, toValue(tree)])) }
}

function addPair(root: Map<string, Tree>, pair: string): string | undefined {
  const equals = pair.indexOf('=')
  const name = decoded(equals < 0 ? pair : pair.slice(0, equals))
  const value = decoded(equals < 0 ? '' : pair.slice(equals + 1))
  if (name === undefined || value === undefined) return 'it is not UTF-8'
  const [, first = name, brackets = ''] = NAME.exec(name) ?? []
  const path = brackets === '' ? [first] : [first, ...brackets.slice(1, -1).split('][')]
  if (path.length > MAX_DEPTH) return 'its brackets are nested too deeply'
  return insert(root, path, value) ? undefined : 'a name is used in two ways'
}

/** False when a name would stand for a text and for what is within brackets. */
function insert(root: Map<string, Tree>, path: readonly string[], value: string): boolean {
  let node = root
  for (const [index, name] of path.slice(0, -1).entries()) {
    const key = keyIn(node, name, path[index + 1])
    const next = node.get(key) ?? new Map<string, Tree>()
    if (typeof next === 'string') return false
    node.set(key, next)
    node = next
  }
  const key = keyIn(node, path.at(-1) ?? '', undefined)
  const former = node.get(key)
  // Said again, it is a list.
  if (typeof former === 'string')
    node.set(
      key,
      new Map([
        ['0', former],
        ['1', value],
      ]),
    )
  else if (former?.has('0') === false) return false
  else if (former === undefined) node.set(key, value)
  else former.set(String(former.size), value)
  return true
}

/** `[]` is the next of a list; within a list of records, the last one as long as it lacks what is said next. */
function keyIn(node: ReadonlyMap<string, Tree>, name: string, next: string | undefined): string {
  if (name !== '') return name
  const last = node.get(String(node.size - 1))
  const isOpen = next !== undefined && next !== '' && last instanceof Map && !last.has(next)
  return String(isOpen ? node.size - 1 : node.size)
}

/** What is numbered from 0 is a list. Object.fromEntries defines: a key `__proto__` is one like any other. */
function toValue(tree: Tree): unknown {
  if (typeof tree === 'string') return tree
  const entries = [...tree].map(([key, value]) => [key, toValue(value)] as const)
  const isList = entries.length > 0 && entries.every(([key], index) => key === String(index))
  return isList ? entries.map(([, value]) => value) : Object.fromEntries(entries)
}

function decoded(bytes: string): string | undefined {
  return strictText(percentDecoded(bytes.replaceAll('+', ' ')))
}
