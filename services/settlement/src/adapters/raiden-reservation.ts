/** Has channels of a Raiden node opened or topped up until they can pay what is agreed. Safe to repeat at any time. */
import { Refusal } from '@consign/envelope'
import { ensureChannel, type RaidenClient } from '@consign/raiden-client'
import type { Hex } from 'viem'
import { Waiting } from '../domain/waiting.ts'

export type RaidenReservationOptions = {
  client: RaidenClient
  token: Hex
  /** the most that our side may have in one channel */
  exposureMax: bigint
  settleTimeout?: bigint | undefined
  /** tokens of a wallet on chain */
  tokensOf: (wallet: Hex) => Promise<bigint>
}

/** Resolves when each channel can pay so much. Throws Waiting 'exposure', or a Refusal with retry that names what is missing. */
export async function reserveChannels(
  { client, token, exposureMax, settleTimeout, tokensOf }: RaidenReservationOptions,
  needs: readonly { partner: Hex; amount: bigint }[],
): Promise<void> {
  for (const { partner, amount } of needs) {
    const need = { token, partner, balanceMin: amount, exposureMax }
    try {
      await ensureChannel(client, settleTimeout === undefined ? need : { ...need, settleTimeout })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      if (error.code === 'channel.exposure') throw new Waiting('exposure', error.message)
      if (error.code === 'channel.tokens') throw await lackOf(amount, partner, error)
      throw new Refusal(error.code, error.message, { cause: error, retry: true })
    }
  }

  async function lackOf(amount: bigint, partner: Hex, cause: Refusal): Promise<Refusal> {
    const [address, channel] = await Promise.all([client.address(), client.channel({ token, partner })])
    const missing = amount - (channel?.balance ?? 0n) - (await tokensOf(address))
    const what = missing > 0n ? `${missing} of token ${token}` : 'ether for its transactions'
    const line = `the Raiden node's wallet ${address} lacks ${what} for the channel with ${partner}: send it`
    return new Refusal('channel.tokens', line, { cause, retry: true })
  }
}
