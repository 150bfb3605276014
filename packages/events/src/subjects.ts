import type { Hex } from './fields.ts'

type Address = Hex | '*'
type Leg = number | '*'

/** A subject is a routing rule and an access rule: a token from outside must not add levels or wildcards to it. */
function token(value: string): string {
  if (!/^(?:[0-9A-Za-z_-]+|\*)$/.test(value))
    throw new TypeError(`"${value}" cannot be one token of a subject`)
  return value
}

function address(value: string): string {
  return value === '*' ? value : token(value.toLowerCase())
}

/** Every subject of the system (docs/formats.md, Subjects). `'*'` in place of a token makes a filter. Addresses become lower case. */
export const subjects = {
  envelope: (agreement: Address, leg: Leg) => `envelope.${address(agreement)}.${token(String(leg))}`,
  device: (agreement: Address, leg: Leg) => `device.${address(agreement)}.${token(String(leg))}`,
  custody: (agreement: Address) => `custody.${address(agreement)}`,
  penalty: (agreement: Address) => `penalty.${address(agreement)}`,
  settlement: (agreement: Address) => `settlement.${address(agreement)}`,
  rating: (payer: Address, payee: Address) => `rating.${address(payer)}.${address(payee)}`,
  chain: (writer: Address) => `chain.${address(writer)}`,
  parked: (agreement: Address, leg: Leg) => `parked.${address(agreement)}.${token(String(leg))}`,
  /** A device id, or the name of a consumer whose dead letters these are. */
  quarantine: (device: string) => `quarantine.${token(device)}`,
  /** `event` is a type such as `custody.packed.v1`: its dots are levels. */
  feed: (party: Address, shipment: string, event: string) => `feed.${partnerTail(party, shipment, event)}`,
  /** What FEED is republished as, and all that a party may subscribe to. */
  partner: (party: Address, shipment: string, event: string) =>
    `partner.${partnerTail(party, shipment, event)}`,
  command: (party: Address, command: string) => `cmd.${address(party)}.${token(command)}`,
} as const

function partnerTail(party: string, shipment: string, event: string): string {
  const levels = event === '>' ? ['>'] : event.split('.').map(token)
  return [address(party), token(shipment), ...levels].join('.')
}
