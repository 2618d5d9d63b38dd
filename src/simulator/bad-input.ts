/** The caller of the simulator asked for something it cannot do. The message says what, and may be shown. */
export class BadInputError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BadInputError'
  }
}

export type Fields = Readonly<Record<string, unknown>>

export function requireObject(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadInputError(`${what} must be a JSON object`)
  }
  return value as Fields
}

export type Check = readonly [fits: (value: unknown) => boolean, expected: string]

/** Every field must be in the table and pass its check. */
export function checkFields(fields: Fields, checks: Readonly<Record<string, Check>>, what: string): void {
  for (const [name, value] of Object.entries(fields)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined
    if (check === undefined) throw new BadInputError(`${what} has no field "${name.slice(0, 40)}"`)
    if (!check[0](value)) throw new BadInputError(`${what}: ${name} must be ${check[1]}`)
  }
}

export function integer(min: number, max: number): Check {
  return [
    value => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
    `an integer from ${min} to ${max}`,
  ]
}

export function text(maxLength: number): Check {
  return [
    value => typeof value === 'string' && value !== '' && value.length <= maxLength,
    `a text of 1 to ${maxLength} characters`,
  ]
}

export function oneOf(values: readonly string[]): Check {
  return [value => typeof value === 'string' && values.includes(value), `one of ${values.join(', ')}`]
}

export const BOOLEAN: Check = [value => typeof value === 'boolean', 'true or false']

export const DEVICE_TOKEN: Check = [
  value => typeof value === 'string' && /^(?:[0-9a-f]{2}){1,200}$/i.test(value),
  'a device token: hex digits, an even number of them',
]
