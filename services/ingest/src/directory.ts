import type { Hex } from '@consign/envelope'
import type { ConsignEvent } from '@consign/events'
import * as terms from '@consign/terms'
import { type FeedPlace, partiesOf } from './domain/shipment.ts'

type Served = FeedPlace & { deviceId: string }

/** Which device serves which agreements that are still under way: 500 B each. Derived from custody events; repeating one changes nothing. */
export class Directory {
  readonly #agreements = new Map<Hex, Served>()
  readonly #byDevice = new Map<string, Set<Hex>>()

  apply(event: ConsignEvent): void {
    if (event.type === 'custody.agreement.signed.v1') {
      const { agreement, terms: document } = event.data
      const deviceId = terms.device(document).deviceId.replace(/^0x/, '')
      const place = { agreement, sscc: event.data.shipment, parties: partiesOf(document) }
      this.#agreements.set(agreement, { ...place, deviceId })
      this.#byDevice.set(deviceId, (this.#byDevice.get(deviceId) ?? new Set()).add(agreement))
    } else if (event.type === 'custody.delivered.v1') {
      const { agreement } = event.data
      const deviceId = this.deviceOf(agreement)
      this.#agreements.delete(agreement)
      if (deviceId === undefined) return
      this.#byDevice.get(deviceId)?.delete(agreement)
      if (this.#byDevice.get(deviceId)?.size === 0) this.#byDevice.delete(deviceId)
    }
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
