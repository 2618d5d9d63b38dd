/** A field of a header list. */
export interface HeaderField {
  readonly name: string
  readonly value: string
  /** Found to be well-formed; one that came through the table is the same object, and not looked at again. */
  isChecked?: boolean
}

/** An entry's overhead that both sides count (RFC 7541 §4.1). */
const OVERHEAD = 32

/** Octets that the field counts for in a table (RFC 7541 §4.1) and in a list (RFC 9113 §6.5.2). One character is one octet. */
export function sizeOf({ name, value }: HeaderField): number {
  return name.length + value.length + OVERHEAD
}
