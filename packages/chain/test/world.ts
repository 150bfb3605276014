// A chain of its own for a test: the contracts, and the payer of the sample terms.
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import { type Hex, type LocalAccount, parseEther } from 'viem'
import { type Anvil, developer, startAnvil } from '../../../contracts/script/anvil.ts'
import { coverOrganisation } from '../../../contracts/script/organisation.ts'
import { type Deployment, deployConsign, type WalletClient, walletClient } from '../src/index.ts'

/** `payer`: its escrow covers its agreements, and it has tokens and ether. */
export type World = {
  anvil: Anvil
  client: WalletClient
  deployment: Deployment
  payer: LocalAccount
  /** Resolves when the ether is there: what is simulated before would find the wallet empty. */
  giveEther(to: Hex, ether?: string): Promise<void>
}

/** Starts it; stop its anvil afterwards. The contracts have the same addresses every time. */
export async function startWorld(flags: string[] = []): Promise<World> {
  const anvil = await startAnvil(flags)
  const client = walletClient(anvil.url, developer)
  const payer = sampleAgreement(SAMPLE_DRAFT).parties.factory?.wallet
  if (!payer) throw new Error('the sample terms have no factory')
  const deployment = await deployConsign({ client, account: developer, organisation: payer.address })
  await coverOrganisation(client, deployment, payer)
  const giveEther = async (to: Hex, ether = '5') => {
    const hash = await client.sendTransaction({ to, value: parseEther(ether), chain: null })
    await client.waitForTransactionReceipt({ hash, pollingInterval: 20 })
  }
  return { anvil, client, deployment, payer, giveEther }
}
