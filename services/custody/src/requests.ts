import { type CryptoProvider, decodeSignedAccept, fromHex, Refusal, toHex } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import type { Hex } from '@consign/events'
import {
  acceptDigest,
  agreementAddress,
  general,
  termsHash as hashOfTerms,
  parseTerms,
  partyByWallet,
  payee,
  payer,
  verifyAccept,
  verifyAgreementSignature,
} from '@consign/terms'
import { z } from 'zod'
import type { AgreementDesk } from './desk.ts'
import { answer } from './domain/acceptance.ts'
import { lastStored } from './stored-envelope.ts'

export type Deployment = { chainId: number; factory: Hex; implementation: Hex }

export type RequestContext = {
  log: EventLog
  crypto: CryptoProvider
  deployment: Deployment
  deskOf: (agreement: Hex) => AgreementDesk
  nowMs: () => number
}

const hexOf = (pattern: RegExp, message: string) =>
  z.string().regex(pattern, message) as unknown as z.ZodType<Hex, Hex>
export const hexText = hexOf(/^0x(?:[0-9a-f]{2})*$/, 'must be lower-case hex of whole bytes, with 0x')
export const hash32Text = hexOf(/^0x[0-9a-f]{64}$/, 'must be 32 bytes in lower-case hex, with 0x')
export const addressText = hexOf(/^0x[0-9a-f]{40}$/, 'must be an address in lower case')
/** `who`: who signs what is asked for. */
export const signatureField = (who: string) =>
  z.strictObject({ ecdsa: hexText, mlDsa: hexText }, `is missing: ${who}`)
const agreementRequest = z.strictObject({
  terms: z.unknown(),
  payerSignature: signatureField('both payer and payee sign the terms'),
  payeeSignature: signatureField('both payer and payee sign the terms'),
})
const acceptRequest = z.strictObject({
  agreement: addressText,
  accept: hexText,
})

/**
 * `cmd.<address>.agreement { terms, payerSignature, payeeSignature }`: signed terms become an agreement at the address that they have on chain.
 * Throws Refusal `agreement.request`, `agreement.signature` (one side is missing), `agreement.chain`, `agreement.party`, `terms.…`.
 */
export async function submitAgreement(context: RequestContext, address: Hex, asked: unknown) {
  const { crypto, deployment } = context
  const { terms: document, payerSignature, payeeSignature } = parseAgreementRequest(asked)
  const terms = parseTerms(document)
  const { chainId, shipment } = general(terms)
  if (chainId !== deployment.chainId) {
    throw new Refusal(
      'agreement.chain',
      `the terms are for chain ${chainId}; this service is on ${deployment.chainId}`,
    )
  }
  if (partyByWallet(terms, address) === undefined) {
    throw new Refusal('agreement.party', `${address} is no party of these terms; a party submits them`)
  }
  const [from, to] = [payer(terms), payee(terms)]
  const termsHash = hashOfTerms(terms)
  const message = { termsHash, payer: from.wallet, payee: to.wallet }
  await verifyAgreementSignature(crypto, from, deployment, message, payerSignature)
  await verifyAgreementSignature(crypto, to, deployment, message, payeeSignature)
  const agreement = agreementAddress({ ...deployment, ...message })
  const command = { type: 'sign' as const, agreement, terms, termsHash, payerSignature, payeeSignature }
  await context.deskOf(agreement).request(async () => command, { timeMs: context.nowMs() })
  return { ok: true as const, agreement, termsHash, shipment }
}

/**
 * `cmd.<address>.accept { agreement, accept }`: the taker's signed acceptance of an open offer, or its delegate's with the delegation, which must not
 * have ended by our clock. The same acceptance again gets the same answer. Throws Refusal `accept.request`, `accept.…` of what it says,
 * `accept.signature.…`, `delegation.…`.
 */
export async function submitAccept(context: RequestContext, address: Hex, asked: unknown) {
  const { log, crypto, deployment } = context
  const request = acceptRequest.safeParse(asked)
  if (!request.success) throw badRequest('accept.request', request.error)
  const { agreement } = request.data
  const bytes = fromHex(request.data.accept)
  const signed = decodeSignedAccept(bytes)
  const { record, delegation } = signed
  if (record.party !== address && delegation?.record.delegate !== address) {
    throw new Refusal(
      'accept.party',
      `the acceptance is by ${record.party}; only that party or its delegate may submit it`,
    )
  }
  const place = { chainId: deployment.chainId, agreement }
  const digest = acceptDigest(place, record)
  let leg = 0
  const verify = async (state: Parameters<typeof answer>[0]) => {
    const offered = state.legs.findIndex(({ offers }) =>
      offers.some(({ offerDigest }) => offerDigest === record.offerDigest),
    )
    const highestSeq = offered < 0 ? undefined : (await lastStored(log, agreement, offered))?.seq
    const answered = answer(state, record, digest, () => highestSeq)
    await verifyAccept(crypto, answered.party, place, signed, context.nowMs())
    leg = answered.leg
    return { type: 'accept' as const, accept: toHex(bytes), acceptDigest: digest, record, highestSeq }
  }
  await context.deskOf(agreement).request(verify, { timeMs: context.nowMs() })
  return { ok: true as const, agreement, leg, acceptDigest: digest }
}

function parseAgreementRequest(asked: unknown) {
  const parsed = agreementRequest.safeParse(asked)
  if (!parsed.success) {
    const isSignature = parsed.error.issues.some(({ path }) => /Signature$/.test(String(path[0])))
    throw badRequest(isSignature ? 'agreement.signature' : 'agreement.request', parsed.error)
  }
  return parsed.data
}

export function badRequest(code: string, error: z.ZodError): Refusal {
  const issue = error.issues[0]
  return new Refusal(code, `${issue?.path.join('.') || 'the request'} ${issue?.message ?? 'is wrong'}`)
}
