import { decodeSignedSeal, fromHex, sealDigest, toHex } from '@consign/envelope'
import type { CustodyFact } from './domain/agreement.ts'
import { unreachable } from './domain/unreachable.ts'

/** Each of these happens once: its type and what it is about name it for ever, whoever decides it and how often. */
export function eventId(fact: CustodyFact): string {
  return `${fact.type}:${subjectOfFact(fact)}`
}

function subjectOfFact(fact: CustodyFact): string {
  switch (fact.type) {
    case 'custody.agreement.signed.v1':
    case 'custody.packed.v1':
    case 'custody.delivered.v1':
    case 'custody.window.closed.v1':
      return fact.data.agreement
    case 'custody.offered.v1':
      return fact.data.offerDigest
    case 'custody.accepted.v1':
      return fact.data.acceptDigest
    case 'custody.transferred.v1':
    case 'custody.transferred.manually.v1':
    case 'custody.transferred.onchain.v1':
    case 'custody.tampered.v1':
    case 'custody.tender.refused.v1':
      return `${fact.data.agreement}.${fact.data.leg}`
    case 'custody.sealed.v1':
      return toHex(sealDigest(decodeSignedSeal(fromHex(fact.data.seal)).record))
    default:
      return unreachable(fact)
  }
}
