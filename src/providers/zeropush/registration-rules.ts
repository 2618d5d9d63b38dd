import { createSingleAppRules } from '../single-app.ts'

/** Apple forbids to assume a length (REG page); this is four times today's. */
const MAX_TOKEN_HEX = 512
const TOKEN = /^(?:[0-9a-f]{2})+$/

/** What is sent is an iPhone's notification, so a token is an iPhone's. Whose it is, the server knows that it is registered with. */
export const registrationRules = createSingleAppRules(({ token: given }) => {
  const token = String(given).toLowerCase()
  return TOKEN.test(token) && token.length <= MAX_TOKEN_HEX ? token : undefined
}, `a device token is an even number of hexadecimal digits, at most ${MAX_TOKEN_HEX}, without spaces`)
