import { type DeliveryRecord, deliveryId } from '../domain/delivery.ts'
import { buildNotification, type Notification, type NotificationSettings } from '../domain/notification.ts'
import { contentBytes } from '../domain/offline-message.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Preview, Registration } from '../domain/registration.ts'
import type { DeliveryResult, QueuedMessage } from '../store/store.ts'

/** A delivery in memory. Its record and registration are replaced as attempts are made; all else stays. */
export interface ActiveDelivery {
  readonly round: Round
  record: DeliveryRecord
  registration: Registration
  /** As of which change of the registry `registration` is known. */
  revision: number
  /** Immediate repeats in this round. */
  repeats: number
  /** How the registration's own environment answered, while another one is tried. */
  firstAnswer?: Outcome & { kind: 'misaddressed' }
}

/**
 * The deliveries of one message that are attempted together: all of them at first, single ones when they are due again.
 * Their results are settled in one write, when the last is known.
 */
export class Round {
  readonly message: QueuedMessage
  readonly kind: 'first' | 'later'
  readonly deliveries: ActiveDelivery[] = []
  readonly results: DeliveryResult[] = []
  /** What the text occupies in the window. */
  readonly textBytes: number
  readonly #settings: NotificationSettings
  readonly #notifications = new Map<Preview, Notification>()

  constructor(message: QueuedMessage, kind: 'first' | 'later', settings: NotificationSettings) {
    this.message = message
    this.kind = kind
    this.textBytes = contentBytes(message.content)
    this.#settings = settings
  }

  /** True when this was the last result of the round. */
  finish(result: DeliveryResult): boolean {
    this.results.push(result)
    return this.results.length === this.deliveries.length
  }

  /** Built once for all devices with the same preview. */
  notificationFor(registration: Registration): Notification {
    const preview = registration.preview ?? this.#settings.preview
    const known = this.#notifications.get(preview)
    if (known) return known
    const notification = buildNotification(this.message.id, this.message.content, preview, this.#settings)
    this.#notifications.set(preview, notification)
    return notification
  }
}

export function firstRound(
  message: QueuedMessage,
  registrations: readonly Registration[],
  revision: number,
  settings: NotificationSettings,
): Round {
  const round = new Round(message, 'first', settings)
  for (const registration of registrations) {
    const record = newRecord(message.id, registration)
    round.deliveries.push({ round, record, registration, revision, repeats: 0 })
  }
  return round
}

function newRecord(messageId: string, registration: Registration): DeliveryRecord {
  const { device, kind, firstVersion, provider, app } = registration
  return {
    id: deliveryId(messageId, registration),
    device,
    kind,
    firstVersion,
    provider,
    app,
    state: 'pending',
    attemptCount: 0,
    crashCount: 0,
    attempts: [],
  }
}

interface RoundEnd {
  /** Why the record has its state; absent: for no reason. */
  reason: string | undefined
  effect: DeliveryResult['effect'] | undefined
  wait?: DeliveryResult['wait']
}

/** What a round did to a delivery, as it is settled. */
export function resultOf(record: DeliveryRecord, { reason, effect, wait }: RoundEnd): DeliveryResult {
  const { reason: _former, ...rest } = record
  return {
    record: reason === undefined ? rest : { ...rest, reason },
    ...(wait === undefined ? {} : { wait }),
    ...(effect === undefined ? {} : { effect }),
  }
}
