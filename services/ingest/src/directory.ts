import type { Hex } from '@consign/envelope'
import type { ConsignEvent } from '@consign/events'
import * as terms from '@consign/terms'
import { type FeedPlace, partiesOf } from './domain/shipment.ts'

/** `deviceId`: the device that is with the goods; the others served before it, and still may send what they have. */
type Served = FeedPlace & { deviceId: string | undefined; deviceIds: Set<string> }

/** Which device serves which agreements that are still under way: 500 B each. Derived from custody events; repeating one changes nothing. */
export class Directory {
  readonly #agreements = new Map<Hex, Served>()
  readonly #byDevice = new Map<string, Set<Hex>>()

  apply(event: ConsignEvent): void {
    if (event.type === 'custody.agreement.signed.v1') {
      const { agreement, terms: document } = event.data
      const place = { agreement, sscc: event.data.shipment, parties: partiesOf(document) }
      const known = this.#agreements.get(agreement)?.deviceIds ?? new Set()
      this.#agreements.set(agreement, { ...place, deviceId: undefined, deviceIds: known })
      this.#serve(agreement, terms.device(document).deviceId.slice(2))
    } else if (event.type === 'custody.transferred.manually.v1') {
      this.#serve(event.data.agreement, event.data.replacement?.device.deviceId.slice(2))
    } else if (event.type === 'custody.delivered.v1') {
      const { agreement } = event.data
      const deviceIds = this.#agreements.get(agreement)?.deviceIds ?? []
      this.#agreements.delete(agreement)
      for (const deviceId of deviceIds) {
        this.#byDevice.get(deviceId)?.delete(agreement)
        if (this.#byDevice.get(deviceId)?.size === 0) this.#byDevice.delete(deviceId)
      }
    }
  }

  #serve(agreement: Hex, deviceId: string | undefined): void {
    const served = this.#agreements.get(agreement)
    if (served === undefined) return
    served.deviceId = deviceId
    if (deviceId === undefined) return
    served.deviceIds.add(deviceId)
    this.#byDevice.set(deviceId, (this.#byDevice.get(deviceId) ?? new Set()).add(agreement))
  }

  get agreements(): Hex[] {
    return [...this.#agreements.keys()]
  }

  agreementsOf(deviceId: string): Hex[] {
    return [...(this.#byDevice.get(deviceId) ?? [])]
  }

  deviceOf(agreement: Hex): string | undefined {
    return this.#agreements.get(agreement)?.deviceId
  }

  placeOf(agreement: Hex): FeedPlace | undefined {
    return this.#agreements.get(agreement)
  }
}
