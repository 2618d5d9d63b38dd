import { StreamError } from './errors.ts'
import { isConnectionSpecific, isFieldName, isFieldValue } from './field-rules.ts'
import type { HeaderField } from './hpack/header-field.ts'

export interface ResponseHead {
  status: number
  headers: Readonly<Record<string, string>>
  /** Undefined when the response does not say. */
  contentLength: number | undefined
}

const STATUS = /^[1-9][0-9]{2}$/
/** Without inherited names, as what Object.create(null) makes, but not in V8's slow representation. */
class Headers {
  [name: string]: string
}
Object.setPrototypeOf(Headers.prototype, null)
Reflect.deleteProperty(Headers.prototype, 'constructor')

/** The first fields of a response (RFC 9113 §8.3.2). Throws StreamError for a malformed one (§8.1.1). */
export function readResponseHead(fields: readonly HeaderField[]): ResponseHead {
  const headers = new Headers()
  const first = fields[0]
  if (first?.name !== ':status' || !STATUS.test(first.value))
    throw malformed('§8.3.2', ':status is missing, not first, or no status')
  for (let at = 1; at < fields.length; at++) {
    const field = fields[at] as HeaderField
    checkField(field)
    const { name, value } = field
    const former = headers[name]
    headers[name] = former === undefined ? value : join(name, former, value)
  }
  return { status: Number(first.value), headers, contentLength: readContentLength(headers['content-length']) }
}

/** Trailers are checked, and not kept: nothing that a provider says is in them. */
export function checkTrailers(fields: readonly HeaderField[]): void {
  for (const field of fields) checkField(field)
}

function checkField(field: HeaderField): void {
  const { name, value } = field
  if (field.isChecked) return
  if (name.startsWith(':')) throw malformed('§8.3', 'pseudo-header field unknown, repeated, late or wrong')
  if (!isFieldName(name)) throw malformed('§8.2.1', 'field name')
  if (!isFieldValue(value)) throw malformed('§8.2.1', 'field value')
  if (isConnectionSpecific(name)) throw malformed('§8.2.2', 'connection-specific field')
  field.isChecked = true
}

function join(name: string, former: string, value: string): string {
  if (name !== 'content-length') return `${former}, ${value}`
  if (former !== value) throw malformed('§8.1.1', 'content-length contradicts itself')
  return value
}

function readContentLength(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (!/^[0-9]{1,15}$/.test(value)) throw malformed('§8.1.1', 'content-length is not a number')
  return Number(value)
}

function malformed(section: string, message: string): StreamError {
  return new StreamError('PROTOCOL_ERROR', `RFC 9113 ${section}`, message)
}
