import type { FieldViolation } from './google-error.ts'

/** Adds to `violations` what is wrong with a value that stands at `path`. */
export type ProtoType = (value: unknown, path: string, violations: FieldViolation[]) => void

/** Fields by their name in camel case; the original one, in snake case, means the same (protobuf.dev, ProtoJSON). */
export type ProtoFields = Readonly<Record<string, ProtoType>>

const INT32 = { least: -(2 ** 31), most: 2 ** 31 - 1 }

export const TEXT: ProtoType = of('TYPE_STRING', value => typeof value === 'string' && value.isWellFormed())
export const FLAG: ProtoType = of('TYPE_BOOL', value => typeof value === 'boolean')
export const NUMBER: ProtoType = of('TYPE_FLOAT', value => typeof value === 'number')
export const INTEGER: ProtoType = of(
  'TYPE_INT32',
  value => Number.isSafeInteger(value) && (value as number) >= INT32.least && (value as number) <= INT32.most,
)
/** Any JSON object (google.protobuf.Struct). */
export const STRUCT: ProtoType = of('type.googleapis.com/google.protobuf.Struct', isObject)
/** Seconds with up to nine decimals and an `s`. */
export const DURATION: ProtoType = of(
  'type.googleapis.com/google.protobuf.Duration',
  value => typeof value === 'string' && /^-?\d{1,12}(?:\.\d{1,9})?s$/.test(value),
)
export const TIMESTAMP: ProtoType = of(
  'type.googleapis.com/google.protobuf.Timestamp',
  value => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(value),
)

export function oneOf(...names: string[]): ProtoType {
  return of('TYPE_ENUM', value => typeof value === 'string' && names.includes(value))
}

export function listOf(type: ProtoType): ProtoType {
  return (value, path, violations) => {
    if (!Array.isArray(value)) violations.push(misfit(path, 'a list'))
    else for (const [index, each] of value.entries()) type(each, `${path}[${index}]`, violations)
  }
}

export const MAP_OF_TEXTS: ProtoType = (value, path, violations) => {
  if (!isObject(value)) violations.push(misfit(path, 'a map'))
  else
    for (const [index, each] of Object.values(value).entries())
      TEXT(each, `${path}[${index}].value`, violations)
}

/** Google takes no field that it does not know, and none twice under two spellings. */
export function message(fields: ProtoFields): ProtoType {
  return (value, path, violations) => {
    if (isObject(value)) checkFields(value, fields, path, violations)
    else violations.push(misfit(path, 'a message'))
  }
}

function checkFields(
  value: Readonly<Record<string, unknown>>,
  fields: ProtoFields,
  path: string,
  violations: FieldViolation[],
): void {
  const seen = new Set<string>()
  for (const [name, each] of Object.entries(value)) {
    const key = camelCase(name)
    const type = Object.hasOwn(fields, key) ? fields[key] : undefined
    if (type === undefined || seen.has(key)) violations.push(unknownName(name, path))
    else type(each, path === '' ? name : `${path}.${name}`, violations)
    seen.add(key)
  }
}

export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function of(name: string, fits: (value: unknown) => boolean): ProtoType {
  return (value, path, violations) => {
    if (!fits(value)) violations.push(misfit(path, name))
  }
}

/** As Google words it, without the value that it adds. */
function misfit(path: string, type: string): FieldViolation {
  return { ...(path === '' ? {} : { field: path }), description: `Invalid value at '${path}' (${type})` }
}

function unknownName(name: string, path: string): FieldViolation {
  const place = path === '' ? '' : ` at '${path}'`
  const description = `Invalid JSON payload received. Unknown name "${name.slice(0, 40)}"${place}: Cannot find field.`
  return { ...(path === '' ? {} : { field: path }), description }
}
