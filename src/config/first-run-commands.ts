import type { Config } from './config.ts'
import { SAMPLE_JWT_FILE, SAMPLE_RECIPIENT } from './first-run.ts'

/** Shown at every start while it holds. */
export const SIMULATOR_WARNING =
  'The APNs simulator is on: no iPhone is reached. Set RELAY_APNS_ENVIRONMENT and credentials for real use.'

/** What a phone would get from Apple: any 32 bytes in hex will do for the simulator. */
const PHONE_TOKEN = '5f'.repeat(32)

/**
 * Commands to paste after the first start, all at once or one after the other. They take the tokens from `.env`, so that
 * no terminal's log holds one; they use no comments, because zsh does not take them from a terminal.
 */
export function firstRunCommands(config: Config): string {
  const relay = `http://${reachable(config.host)}:${config.port}`
  const simulator = `http://127.0.0.1:${config.simulatorPort}`
  return `To try it, open a second terminal in this directory and paste:

HOOK_TOKEN=$(sed -n 's/^RELAY_HOOK_TOKENS=\\([^=]*\\).*/\\1/p' .env)
ADMIN_TOKEN=$(sed -n 's/^RELAY_ADMIN_TOKENS=//p' .env)
PHONE=${PHONE_TOKEN}

echo "1. The app registers its phone, with the JWT with which it logs in to ejabberd:"
curl -sS -w '\\n' -X PUT ${relay}/v1/devices/phone1 -H "Authorization: Bearer $(cat ${SAMPLE_JWT_FILE})" -H 'Content-Type: application/json' -d '{"provider":"apns","token":"'$PHONE'"}'

echo "   An operator may do so for anybody:"
curl -sS -w '\\n' -X PUT ${relay}/v1/devices/phone1 -H "Authorization: Bearer $ADMIN_TOKEN" -H 'Content-Type: application/json' -d '{"recipient":"${SAMPLE_RECIPIENT}","provider":"apns","token":"'$PHONE'"}'

echo "2. ejabberd posts a message, because the recipient is offline:"
ANSWER=$(curl -sS ${relay}/v1/messages -d to=${SAMPLE_RECIPIENT} -d from=alice@localhost --data-urlencode 'body=Dinner at eight?' -d access_token=$HOOK_TOKEN)
echo "$ANSWER"

echo "3. What the phone shows:"
sleep 1
curl -sS -w '\\n' ${simulator}/phones/$PHONE

echo "4. What became of the message, and why:"
curl -sS -w '\\n' ${relay}/v1/messages/$(echo "$ANSWER" | sed 's/.*"id":"\\([^"]*\\)".*/\\1/') -H "Authorization: Bearer $ADMIN_TOKEN"
`
}

/** A relay that listens everywhere is reached on loopback; IPv6 wants brackets in a URL. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
