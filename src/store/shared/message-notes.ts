/** What the trace tells besides columns and deliveries, as JSON in message.notes; absent when there is nothing to tell. */
export interface MessageNotes {
  /** What was coerced, cut or dropped on the way in. */
  noted: readonly string[]
  /** Registrations that could not receive, with their state. */
  skipped: readonly string[]
  /** Instants at which an operator revived dead deliveries. */
  requeued?: readonly number[]
}

export function notesText(notes: MessageNotes): string | null {
  const isEmpty = notes.noted.length === 0 && notes.skipped.length === 0 && notes.requeued === undefined
  return isEmpty ? null : JSON.stringify(notes)
}

export function parseNotes(text: string | null): MessageNotes {
  return text === null ? { noted: [], skipped: [] } : (JSON.parse(text) as MessageNotes)
}
