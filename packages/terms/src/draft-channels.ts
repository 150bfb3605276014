/** Who is paid through whom, as a draft says it by name: the channels that follow, and what is refused. Code: draft.paidThrough. */
import { Refusal } from '@consign/envelope'
import type { DraftParty } from './draft.ts'
import { parseTokens } from './tokens.ts'

/** From whom to whom, by name, in order of the parties; none when nobody says through whom it is paid. Of parties that `checkPaidThrough` has taken. */
export function channelEdges(parties: readonly DraftParty[]): [from: string, to: string][] {
  if (parties.every(({ paidThrough }) => paidThrough === undefined)) return []
  const payer = parties.find(({ role }) => role === 'payer') as DraftParty
  return parties
    .filter((party) => party !== payer && reachesPaid(party, parties))
    .map(({ name, paidThrough = payer.name }) => [paidThrough, name])
}

export function checkPaidThrough(parties: readonly DraftParty[]): void {
  const at = (party: DraftParty): string => `parties[${parties.indexOf(party)}].paidThrough`
  const refuse = (party: DraftParty, reason: string): never => {
    throw new Refusal('draft.paidThrough', `${at(party)}: ${reason}`)
  }
  for (const party of parties) {
    if (party.paidThrough === undefined) continue
    if (party.role === 'payer') refuse(party, 'the payer pays and is not paid; leave it out')
    if (party.paidThrough === party.name) refuse(party, 'a party cannot be paid through itself')
    if (!named(party.paidThrough, parties)) refuse(party, `no party is called "${party.paidThrough}"`)
  }
  for (const party of parties) {
    const way = wayOf(party, parties)
    const [first, last] = [way[0] as DraftParty, way.at(-1) as DraftParty]
    if (first === last && way.length > 1)
      refuse(
        party,
        `goes in a circle: ${way.map(({ name }) => name).join(', ')}; let one of them be paid by the payer`,
      )
  }
  for (const party of parties) {
    if (party.paidThrough !== undefined && !reachesPaid(party, parties))
      refuse(party, `${party.name} is paid nothing, and nobody is paid through it; leave it out`)
  }
}

const named = (name: string | undefined, parties: readonly DraftParty[]): DraftParty | undefined =>
  parties.find((party) => party.name === name)

/** The party, through whom it is paid, and so on; ends where a circle closes. */
function wayOf(party: DraftParty, parties: readonly DraftParty[]): DraftParty[] {
  const way = [party]
  for (let next = named(party.paidThrough, parties); next; next = named(next.paidThrough, parties)) {
    const closes = way.includes(next)
    way.push(next)
    if (closes) break
  }
  return way
}

/** Whether it, or anyone paid through it, is paid anything. */
function reachesPaid(party: DraftParty, parties: readonly DraftParty[]): boolean {
  return parties.some(
    (other) => parseTokens(other.amountTokens ?? 0) > 0n && wayOf(other, parties).includes(party),
  )
}
