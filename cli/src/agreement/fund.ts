import { fundWithPermitArguments, settlementTokenAbi } from '@consign/chain'
import { general, type Terms } from '@consign/terms'
import type { Hex, LocalAccount } from 'viem'
import { command } from '../command.ts'
import type { Chain } from '../context.ts'
import { tokensWritten } from '../written.ts'
import { FOLDER, openAgreement } from './agreement.ts'

const PERMIT_VALID_S = 3600n

export const fund = command({
  name: 'agreement fund',
  summary: "Pays in the guarantee of the terms from the sender's tokens.",
  details:
    'One transaction: the approval travels as a permit (ERC-2612). What is not needed goes to the payer at the end.',
  example: 'consign agreement fund --folder shipment --key-file factory.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER },
  run: async (context, { folder }) => {
    const agreement = await openAgreement(context, folder)
    const { terms, chain, address } = agreement
    const { wallet } = await context.keys()
    const permit = await permitOf(chain, terms, wallet, address)
    return agreement.send({
      what: `The guarantee of ${tokensWritten(BigInt(general(terms).guaranteeTotal))} is paid in.`,
      functionName: 'fundWithPermit',
      args: fundWithPermitArguments(terms, permit),
    })
  },
})

/** ERC-2612: the owner's signature instead of a transaction that approves. */
async function permitOf({ client, chainId }: Chain, terms: Terms, owner: LocalAccount, spender: Hex) {
  const { token, guaranteeTotal } = general(terms)
  const read = { address: token, abi: settlementTokenAbi } as const
  const { timestamp } = await client.getBlock()
  const deadline = timestamp + PERMIT_VALID_S
  const [nonce, [, name, version]] = await Promise.all([
    client.readContract({ ...read, functionName: 'nonces', args: [owner.address] }),
    client.readContract({ ...read, functionName: 'eip712Domain' }),
  ])
  const signature = await owner.signTypedData({
    domain: { name, version, chainId, verifyingContract: token },
    types: {
      Permit: [
        { name: 'owner', type: 'address' },
        { name: 'spender', type: 'address' },
        { name: 'value', type: 'uint256' },
        { name: 'nonce', type: 'uint256' },
        { name: 'deadline', type: 'uint256' },
      ],
    },
    primaryType: 'Permit',
    message: { owner: owner.address, spender, value: BigInt(guaranteeTotal), nonce, deadline },
  })
  return { deadline, signature }
}
