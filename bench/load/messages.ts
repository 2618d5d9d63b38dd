import { randomUUID } from 'node:crypto'

export const DOMAIN = 'bench.example'
export const RECIPIENTS = 1000

export function recipient(index: number): string {
  return `user-${index % RECIPIENTS}@${DOMAIN}`
}

export function deviceToken(index: number): string {
  return (index % RECIPIENTS).toString(16).padStart(64, '0')
}

const WORDS =
  'Shall we meet at the station, half past seven? The train may be late again 🚆, so bring a book. '

/** About as long as people write: 20 to 180 characters, no two alike. */
export function messageText(index: number): string {
  return `${index} ${WORDS.repeat(2).slice(0, 20 + ((index * 37) % 160))}`
}

/** A message as an ejabberd module posts it. */
export function message(index: number, to = recipient(index)): Record<string, unknown> {
  return {
    to,
    from: `friend-${(index * 7) % 500}@${DOMAIN}/phone`,
    body: messageText(index).toWellFormed(),
    id: randomUUID(),
    type: 'chat',
    nick: 'A. Friend',
  }
}
