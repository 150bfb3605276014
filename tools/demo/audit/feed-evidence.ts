import { parseEnvelope } from '@consign/envelope'
import { connectEventLog, connectNats } from '@consign/eventlog'
import { subjects } from '@consign/events'
import { general, parties, type Terms } from '@consign/terms'
import type { Hex } from 'viem'

/** By party: the digests (hex) of the envelopes that stand in its feed of a shipment. */
export type FeedEvidence = Map<Hex, Set<string>>

export async function readFeeds(natsUrl: string, terms: Terms): Promise<FeedEvidence> {
  const nats = await connectNats({ url: natsUrl, name: 'audit' })
  try {
    const log = await connectEventLog({ nats })
    const feeds: FeedEvidence = new Map()
    for (const { wallet } of parties(terms)) {
      const digests = new Set<string>()
      const subject = subjects.feed(wallet, general(terms).shipment, 'envelopes')
      for await (const { data } of log.readStream('FEED', [subject]))
        for (const wire of wiresIn(data)) digests.add(parseEnvelope(wire).digest.toHex())
      feeds.set(wallet, digests)
    }
    return feeds
  } finally {
    await nats.close()
  }
}

/** A feed message holds `length uint32 ‖ wire`, repeated. */
function* wiresIn(data: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  for (let at = 0; at < data.length; ) {
    const end = at + 4 + view.getUint32(at)
    yield data.subarray(at + 4, end)
    at = end
  }
}
