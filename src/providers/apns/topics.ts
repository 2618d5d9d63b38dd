import { bad, good, type Parsed, parseList } from '../../config/parsed.ts'

const BUNDLE_ID = /^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/

export function topics(text: string): Parsed<[string, ...string[]]> {
  const parsed = parseList(text, (entry, position) =>
    BUNDLE_ID.test(entry) && entry.length <= 255
      ? good(entry)
      : bad(`${position}must be a bundle id such as com.example.chat`),
  )
  if (!parsed.ok) return parsed
  const [first, ...others] = parsed.value
  if (first === undefined) return bad('must name at least one bundle id')
  if (new Set(parsed.value).size < parsed.value.length) return bad('names a bundle id twice')
  return good([first, ...others])
}
