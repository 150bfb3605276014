/**
 * A box that goods stay inside of, or outside of; its edges belong to it. A position is a sample that has both latitude and longitude. Judged
 * like a single limit on how far each position is from keeping the rule: 0, or 1.
 */
import { MISSING, READINGS_PER_ENVELOPE_MAX } from '@consign/envelope'
import type { GeofenceClause } from '../clauses.ts'
import { ExcursionFold } from './excursions.ts'
import type { Docket, JudgedEnvelope, Judgement, LegFold, Warning } from './judgement.ts'

const KEPT = 0
const BROKEN = 1

export class GeofenceFold implements LegFold {
  readonly #clause: GeofenceClause
  readonly #fold: ExcursionFold
  readonly #column = new Int32Array(READINGS_PER_ENVELOPE_MAX)

  constructor(clause: GeofenceClause) {
    const { durationMs, gapMsMax, between } = clause
    const rule = { clause, durationMs, gapMsMax, between, startUpMs: 0, measure: 'time' } as const
    this.#clause = clause
    this.#fold = new ExcursionFold({ ...rule, metric: 'latitude', sign: 1, bound: KEPT })
  }

  take(envelope: JudgedEnvelope, docket: Docket): void {
    const latitudes = envelope.columns.get('latitude')
    const longitudes = envelope.columns.get('longitude')
    if (latitudes === undefined || longitudes === undefined) return
    for (let index = 0; index < latitudes.length; index++) {
      this.#column[index] = this.#stateAt(latitudes[index] as number, longitudes[index] as number)
    }
    this.#fold.takeColumn(envelope, this.#column, new WithoutValues(docket))
  }

  end(docket: Docket): void {
    this.#fold.end(new WithoutValues(docket))
  }

  #stateAt(latitude: number, longitude: number): number {
    if (latitude === MISSING || longitude === MISSING) return MISSING
    return isInBox(this.#clause, latitude, longitude) === (this.#clause.rule === 'stayInside') ? KEPT : BROKEN
  }
}

/** Degrees × 10^7. */
export type Box = Pick<GeofenceClause, 'latitudeMin' | 'latitudeMax' | 'longitudeMin' | 'longitudeMax'>

export const isInBox = (box: Box, latitude: number, longitude: number): boolean =>
  latitude >= box.latitudeMin &&
  latitude <= box.latitudeMax &&
  longitude >= box.longitudeMin &&
  longitude <= box.longitudeMax

/** A position has no worst value. */
class WithoutValues implements Docket {
  readonly #docket: Docket

  constructor(docket: Docket) {
    this.#docket = docket
  }

  warn(warning: Warning): void {
    this.#docket.warn({ ...warning, value: undefined })
  }

  judge(judgement: Judgement): void {
    this.#docket.judge({ ...judgement, worst: undefined })
  }
}
