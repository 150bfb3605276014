import {
  type CryptoProvider,
  encodeSignedLegKeys,
  exportKeySet,
  type KeySet,
  keysBytes,
  type LegRef,
  legKeysDigest,
  signLegKeys,
  toHex,
} from '@consign/envelope'
import type { NextLeg } from '../spool/offers.ts'

/** New keys for a leg, vouched for by `signer`: the device's own keys for leg 0, else those of the leg before. */
export async function makeLegKeys(
  crypto: CryptoProvider,
  signer: KeySet,
  ref: LegRef,
): Promise<NextLeg & { digest: `0x${string}` }> {
  const keys = crypto.generateKeys()
  const record = { ...ref, keys: keysBytes(keys.public) }
  const signed = await signLegKeys(crypto, signer, record, keys.public)
  return {
    leg: ref.leg,
    keys: exportKeySet(keys),
    legKeys: encodeSignedLegKeys(signed),
    digest: toHex(legKeysDigest(record)),
  }
}
