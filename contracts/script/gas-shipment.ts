// The shipment whose transactions are measured: terms with every kind of clause that the chain knows, four parties, envelopes of 32 readings.
import { type AgreementCall, createArguments, encodeAgreementCall } from '@consign/chain'
import type { PartyKeys, TermsDraft } from '@consign/terms'
import type { Hex } from 'viem'
import type { Meter } from './gas-meter.ts'
import { type LegEvidence, makeShipment, type Rows, type Shipment } from './shipment.ts'

export const READINGS = 32

export const GAS_DRAFT: TermsDraft = {
  parties: [
    { name: 'factory', role: 'payer' },
    { name: 'supplier', role: 'payee', amountTokens: '200' },
    { name: 'shipper-x', role: 'carrier', amountTokens: '50' },
    { name: 'shipper-y', role: 'carrier', amountTokens: '50' },
  ],
  limits: [
    { metric: 'temperature', above: 40, penaltyTokens: '10' },
    { metric: 'humidity', kind: 'single', above: 80, minutes: 60, between: 'linear', penaltyTokens: '5' },
    {
      metric: 'light',
      kind: 'cumulative',
      above: 100,
      minutes: 120,
      gapMinutesMax: 60,
      penaltyTokens: '5',
      perStepTokens: '1',
      stepMinutes: 60,
    },
  ],
  silence: { minutesMax: 60, penaltyTokens: '2' },
  tamper: { penaltyTokens: '50' },
  deadline: { hours: 240, penaltyTokens: '20' },
  tender: { destination: { south: 52, north: 53, west: 13, east: 14 } },
  guaranteePercent: 50,
  route: { origin: 'Supplier', destination: 'Factory' },
}

/** As `deployment` places it; anchors are `anchorWriter`'s. */
export function gasShipment({ deployment, client }: Meter): Promise<Shipment> {
  const anchorWriter = client.account.address.toLowerCase() as Hex
  return makeShipment({ ...deployment, anchorWriter }, GAS_DRAFT)
}

export function signedTerms({ terms, payerSignature, payeeSignature }: Shipment) {
  return createArguments({
    terms,
    payerSignature: payerSignature.ecdsa,
    payeeSignature: payeeSignature.ecdsa,
  })
}

export function partyOf(shipment: Shipment, name: string): PartyKeys {
  const keys = shipment.parties[name]
  if (!keys) throw new Error(`the sample terms have no ${name}`)
  return keys
}

/** What is known of the shipment when its custody has passed: the leg of shipper-x, in which all breaches lie, and the leg before. */
export type Journey = { shipment: Shipment; before: LegEvidence; leg: LegEvidence }

type Changes = { [_ in keyof Rows[number]]?: number | undefined }

/** Five metrics, as a container reports them, and what differs by place; undefined was not measured. */
export function rows(changes: (index: number) => Changes, count = READINGS): Rows {
  return Array.from({ length: count }, (_, index) => {
    const values = {
      temperature: 20_000,
      humidity: 45_000,
      gforce: 1000,
      door: 0,
      light: 20_000,
      ...changes(index),
    }
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
  })
}

/** A call of the shipment's agreement. */
export function toAgreement({ agreement }: Shipment, call: AgreementCall): { to: Hex; data: Hex } {
  return { to: agreement, data: encodeAgreementCall(call) }
}
