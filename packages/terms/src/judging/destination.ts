import { decodeBody, parseEnvelope } from '@consign/envelope'
import type { Terms } from '../clauses.ts'
import { tender } from '../views.ts'
import { isInBox } from './geofence.ts'

/** Whether an offer that follows this envelope is a tender: its last position lies inside the destination. */
export function isAtDestination(terms: Terms, wire: Uint8Array): boolean {
  const destination = tender(terms)
  const { body, header } = parseEnvelope(wire)
  const { column } = decodeBody(body, header.mask, header.count)
  const [latitude, longitude] = [column('latitude')?.at(-1), column('longitude')?.at(-1)]
  if (destination === undefined || latitude === undefined || longitude === undefined) return false
  return isInBox(destination, latitude, longitude)
}
