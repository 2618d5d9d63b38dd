import { Type } from 'typebox'

/** Most providers address a device by one opaque text: printable, of a bounded length. */
export function tokenSchema(description: string, example: string) {
  return Type.String({
    minLength: 1,
    maxLength: 4096,
    pattern: '^[^\\u0000-\\u001f\\u007f]*$',
    description,
    examples: [example],
  })
}
