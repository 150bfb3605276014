import { hash } from 'node:crypto'
import { decodeHeader, HEADER_BYTES, Refusal } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import { type Hex, parseEvent, subjects } from '@consign/events'
import { payer, type Terms, tender, tenderRefusalDigest, verifyTenderRefusal } from '@consign/terms'
import { isAtDestination } from '@consign/terms/judging'
import { z } from 'zod'
import type { Agreement } from './domain/agreement.ts'
import type { RefuseTender, Tendered } from './domain/tender-refusal.ts'
import { addressText, badRequest, type RequestContext, signatureField } from './requests.ts'

const REASONS_CHARACTERS_MAX = 2_000 // shown to every party, and kept for ever

const refusalRequest = z.strictObject({
  agreement: addressText,
  leg: z.int().min(0).max(0xffff_ffff),
  reasons: z.string().min(1).max(REASONS_CHARACTERS_MAX),
  signature: signatureField('the payer signs its reasons'),
})

/**
 * `cmd.<address>.refuseTender { agreement, leg, reasons, signature }`: the payer does not take goods that were offered at their destination (P19). What is
 * signed is the SHA-256 of the reasons. The same refusal again gets the same answer.
 * Throws Refusal `tenderRefusal.request`, `tenderRefusal.submitter`, `tenderRefusal.…`, `tenderRefusal.signature.…`.
 */
export async function submitTenderRefusal(context: RequestContext, address: Hex, asked: unknown) {
  const { log, crypto, deployment, nowMs } = context
  const request = refusalRequest.safeParse(asked)
  if (!request.success) throw badRequest('tenderRefusal.request', request.error)
  const { agreement, leg, reasons, signature } = request.data
  const reasonsHash: Hex = `0x${hash('sha256', reasons)}`
  const place = { chainId: deployment.chainId, agreement }
  let refusalDigest: Hex = '0x'
  const verify = async (state: Agreement): Promise<RefuseTender> => {
    const { terms, termsHash } = signedOf(state)
    const party = payer(terms)
    if (address !== party.wallet)
      throw new Refusal('tenderRefusal.submitter', `${address} is not the payer, who alone refuses a tender`)
    const record = { termsHash, leg, reasonsHash }
    await verifyTenderRefusal(crypto, party, place, record, signature)
    refusalDigest = tenderRefusalDigest(place, record)
    const tendered = await tenderOf(log, agreement, leg, terms)
    const said = { leg, reasons, reasonsHash, refusalDigest, signature }
    return { type: 'refuseTender', ...said, tendered, nowMs: nowMs() }
  }
  await context.deskOf(agreement).request(verify, { timeMs: nowMs() })
  return { ok: true as const, agreement, leg, refusalDigest }
}

function signedOf({ signed }: Agreement): NonNullable<Agreement['signed']> {
  if (signed !== undefined) return signed
  throw new Refusal('agreement.unknown', 'no terms are signed for this agreement; submit them first')
}

/** The first offer of the leg that follows an envelope inside the destination, by a clock that was set. */
async function tenderOf(
  log: EventLog,
  agreement: Hex,
  leg: number,
  terms: Terms,
): Promise<Tendered | undefined> {
  const clause = tender(terms)
  if (clause === undefined) return undefined
  const offers: { m: number; storedMs: number }[] = []
  for await (const { data, timeMs } of log.read([subjects.custody(agreement)])) {
    const event = parseEvent(data)
    if (event.type === 'custody.offered.v1' && event.data.leg === leg)
      offers.push({ m: event.data.m, storedMs: timeMs })
  }
  const there = new Set<number>()
  const wanted = new Set(offers.map(({ m }) => m - 1))
  for await (const { data } of log.read([subjects.envelope(agreement, leg)])) {
    const { seq, clockState } = decodeHeader(data.subarray(0, HEADER_BYTES))
    if (wanted.has(seq) && clockState !== 0 && isAtDestination(terms, data)) there.add(seq)
  }
  const first = offers.find(({ m }) => there.has(m - 1))
  return first && { m: first.m, untilMs: first.storedMs + clause.graceMs }
}
