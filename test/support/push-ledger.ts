import { deliveryId } from '../../src/domain/delivery.ts'
import type { ApnsSimulator } from '../../src/simulator/apns-simulator.ts'
import { chat, type Shown } from './relay-process.ts'

/**
 * Judges every push at the moment it is shown. A message may be pushed again only when its last answer cannot have been
 * noted: the simulator gave none, or the process was killed while the message was unsettled. For recipients with one device.
 */
export class PushLedger {
  /** Messages pushed under an id that is not theirs. */
  readonly misnamed: string[] = []
  /** Messages pushed again although their answer was noted. */
  readonly repeatedInVain: string[] = []
  /** Pushes that were allowed to be repeats, and were. */
  repeats = 0
  readonly #simulator: ApnsSimulator
  readonly #deviceOf: ReadonlyMap<string, string>
  readonly #shown = new Map<string, number>()
  /** Whose last push was answered 200, as far as this process wrote it. */
  readonly #answered = new Set<string>()
  #last = ''

  constructor(simulator: ApnsSimulator, deviceOf: ReadonlyMap<string, string>) {
    this.#simulator = simulator
    this.#deviceOf = deviceOf
    simulator.events.on('push', (_, notification) => this.#push(notification))
    // A fault that shows its push strikes right after it.
    simulator.events.on('strike', fault => {
      if (fault.shown) this.#answered.delete(this.#last)
    })
  }

  get answered(): ReadonlySet<string> {
    return this.#answered
  }

  timesShown(messageId: string): number {
    return this.#shown.get(messageId) ?? 0
  }

  /** What a kill found unsettled on disk will be attempted again. Nothing of the dead process may arrive any more. */
  forgive(unsettled: Iterable<string>): void {
    for (const id of unsettled) this.#answered.delete(id)
  }

  /** Resolves when so many messages are answered and none is to be repeated, or at the first wrong push. */
  async settles(messages: number): Promise<void> {
    const isWrong = () => this.misnamed.length + this.repeatedInVain.length > 0
    await this.#simulator.until(() => this.#answered.size >= messages || isWrong())
  }

  #push({ apnsId, custom }: Shown): void {
    const { id, to } = chat(custom) as { id: string; to: string }
    const device = this.#deviceOf.get(to) ?? ''
    if (apnsId !== deliveryId(id, { recipient: to, device, kind: 'alert' })) this.misnamed.push(id)
    const times = this.timesShown(id)
    if (this.#answered.has(id)) this.repeatedInVain.push(id)
    else if (times > 0) this.repeats++
    this.#shown.set(id, times + 1)
    this.#answered.add(id)
    this.#last = id
  }
}
