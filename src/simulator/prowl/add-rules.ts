import { type ProwlAnswer, refusal } from './answer.ts'
import { decodeForm } from './form.ts'

export interface AddRequest {
  method: string
  contentType: string
  body: Buffer
}

/** What a phone with Prowl shows. */
export interface ProwlNotification {
  application: string
  event: string
  description: string
  priority: number
  url?: string
}

export interface Added {
  /** Those of the list that are valid; at least one. Lower case. */
  keys: string[]
  notification: ProwlNotification
}

/** In bytes (https://www.prowlapp.com/api.php). Whether Prowl cuts or refuses what is longer is not known: this refuses. */
const MOST_BYTES: Readonly<Record<string, number>> = {
  apikey: 100_000,
  providerkey: 40,
  priority: 2,
  url: 512,
  application: 256,
  event: 1024,
  description: 10_000,
}
const KEY = /^[0-9a-f]{40}$/
const FORMS: Readonly<Record<string, RegExp>> = {
  priority: /^(?:-?[12]|0)$/,
  providerkey: KEY,
  url: /^[a-z][a-z0-9+.-]*:[!-~]+$/i,
}

/** The rules of `add`, in the order in which it looks. */
export function readAdd(request: AddRequest, isValidKey: (key: string) => boolean): Added | ProwlAnswer {
  if (request.method !== 'POST') return refusal(405, 'Method not allowed')
  if (!/^application\/x-www-form-urlencoded *(?:;|$)/i.test(request.contentType)) {
    return refusal(400, 'Bad request, the content type is not that of a form')
  }
  const parameters = decodeForm(request.body.toString('latin1'))
  if (typeof parameters === 'string') return refusal(400, `Bad request, ${parameters}`)
  const problem = problemOf(parameters)
  if (problem !== undefined) return refusal(400, `Bad request, ${problem}`)
  const keys = (parameters.get('apikey') ?? '')
    .toLowerCase()
    .split(',')
    .filter(key => KEY.test(key) && isValidKey(key))
  // A list fails only when all of its keys are invalid.
  if (keys.length === 0) return refusal(401, 'Invalid API key')
  return { keys, notification: notificationOf(parameters) }
}

function problemOf(parameters: ReadonlyMap<string, string>): string | undefined {
  for (const [name, value] of parameters) {
    const problem = problemOfValue(name, value)
    if (problem !== undefined) return problem
  }
  const isBlank = (...names: string[]) => names.every(name => (parameters.get(name) ?? '').trim() === '')
  if (isBlank('application')) return 'application is missing'
  return isBlank('event', 'description') ? 'event and description are missing' : undefined
}

function problemOfValue(name: string, value: string): string | undefined {
  const most = Object.hasOwn(MOST_BYTES, name) ? MOST_BYTES[name] : undefined
  // Prowl may pass over what it does not know; here it is a parameter that was not encoded, or a slip.
  if (most === undefined) return 'there is a parameter that is not one of add'
  if (Buffer.byteLength(value) > most) return `${name} is longer than ${most} bytes`
  return FORMS[name]?.test(value) === false ? `${name} has not the form that it must have` : undefined
}

function notificationOf(parameters: ReadonlyMap<string, string>): ProwlNotification {
  const url = parameters.get('url')
  return {
    application: parameters.get('application') ?? '',
    event: parameters.get('event') ?? '',
    description: parameters.get('description') ?? '',
    priority: Number(parameters.get('priority') ?? 0),
    ...(url === undefined ? {} : { url }),
  }
}
