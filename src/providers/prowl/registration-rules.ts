import { createSingleAppRules } from '../single-app.ts'

/** One key: of a list Prowl never says which of its keys is dead. */
const KEY = /^[0-9a-f]{40}$/

/** A key is a user's, not a phone's. */
export const registrationRules = createSingleAppRules(({ token }) => {
  const key = String(token).toLowerCase()
  return KEY.test(key) ? key : undefined
}, 'a Prowl API key is 40 hexadecimal digits')
