import type { Registration } from '../../domain/registration.ts'
import { inheritedBy } from '../shared/inherited.ts'
import { type RegistrationRow, toRegistration } from '../shared/registration-row.ts'
import type { RegisterCommand, RegisterResult } from '../store.ts'
import { endUnbegunOf } from './finish-unbegun.ts'
import { lockRecipient, lockToken } from './locks.ts'
import {
  type AccountRegistration,
  readRegistrations,
  registrationColumns,
  tokenKey,
} from './registration-rows.ts'
import { clean, cleanOrNull } from './text.ts'
import { isReplaced, type Owner, readOwner, takeOver } from './token-owner.ts'
import { resumeWaiting, takeAlong } from './waiting-deliveries.ts'
import type { WriteContext } from './write-context.ts'

const UPSERT = {
  name: 'register',
  text: `
  INSERT INTO registration AS r (recipient, device, kind, provider, token, app, environment, environment_source,
    name, locale, preview, registered_at, state, strikes, last_accepted_at, shared, token_key, version, first_version,
    account)
  SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'active', 0, $13, $14, $15, v, v, coalesce($16, v)
  FROM nextval('registration_version') v
  ON CONFLICT (recipient, device, kind) DO UPDATE SET
    provider = excluded.provider, token = excluded.token, app = excluded.app,
    environment = excluded.environment, environment_source = excluded.environment_source,
    name = excluded.name, locale = excluded.locale, preview = excluded.preview,
    registered_at = excluded.registered_at, state = 'active', state_reason = NULL, strikes = 0,
    last_accepted_at = excluded.last_accepted_at, version = excluded.version, shared = excluded.shared,
    token_key = excluded.token_key
  RETURNING ${registrationColumns('r')}`,
}
const DROP_OLDEST = {
  text: `
  DELETE FROM registration WHERE recipient = $1 AND (device, kind) IN (
    SELECT device, kind FROM registration WHERE recipient = $1 AND NOT (device = $2 AND kind = $3)
    ORDER BY registered_at DESC, device OFFSET $4)`,
}

/** See Store.register. Of one recipient, and of one token, only one registration is made at a time, at whatever node. */
export async function register(context: WriteContext, given: RegisterCommand): Promise<RegisterResult> {
  const command = cleaned(given)
  const { recipient, device, kind, at } = command
  await Promise.all([lockToken(context, command.token), lockRecipient(context, recipient)])
  const [owner, all] = await Promise.all([readOwner(context, command), readRegistrations(context, recipient)])
  if (owner !== undefined && !(await takeOver(context, command, owner))) return { status: 'too-many-moves' }
  if (all.length === 0) await endUnbegunOf(context, recipient, at)
  const existing = all.find(
    ({ registration }) => registration.device === device && registration.kind === kind,
  )
  const registration = await upsert(context, command, { existing: existing?.registration, all })
  context.change(recipient)
  await Promise.all([
    all.length >= command.maxDevices && dropOldest(context, command),
    followToken(context, { command, registration, owner }),
  ])
  if (!isSameAddress(existing?.registration, registration)) await resumeWaiting(context, registration, at)
  return { status: existing === undefined ? 'created' : 'refreshed', registration }
}

function cleaned(command: RegisterCommand): RegisterCommand {
  const { recipient, device, token, app, environment } = command
  return {
    ...command,
    recipient: clean(recipient),
    device: clean(device),
    token: clean(token),
    app: clean(app),
    environment: clean(environment),
  }
}

async function dropOldest(context: WriteContext, command: RegisterCommand): Promise<void> {
  const { recipient, device, kind, maxDevices } = command
  await context.query(DROP_OLDEST, [recipient, device, kind, Math.max(0, maxDevices - 1)])
}

interface Followed {
  command: RegisterCommand
  registration: Registration
  owner: Owner | undefined
}

async function followToken(context: WriteContext, { command, registration, owner }: Followed): Promise<void> {
  if (owner !== undefined && isReplaced(owner, command)) await takeAlong(context, owner, registration)
}

function isSameAddress(former: Registration | undefined, registration: Registration): boolean {
  const address = ({ provider, token, app, environment }: Registration) =>
    [provider, token, app, environment].join('\n')
  return former?.state === 'active' && address(former) === address(registration)
}

interface Known {
  existing: Registration | undefined
  all: readonly AccountRegistration[]
}

async function upsert(
  context: WriteContext,
  command: RegisterCommand,
  { existing, all }: Known,
): Promise<Registration> {
  const inherited = inheritedBy(command, existing)
  const { rows } = await context.query(UPSERT, [
    command.recipient,
    command.device,
    command.kind,
    command.provider,
    command.token,
    command.app,
    inherited.environment,
    inherited.environmentSource,
    cleanOrNull(command.name),
    cleanOrNull(command.locale),
    command.preview ?? null,
    command.at,
    inherited.lastAcceptedAt ?? null,
    command.isShared === true,
    tokenKey(command.token),
    all[0]?.account ?? null,
  ])
  return toRegistration(rows[0] as RegistrationRow)
}
