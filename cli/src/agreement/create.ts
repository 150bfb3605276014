import { agreementFactoryAbi, createArguments } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import {
  type PartySignature,
  payee,
  payer,
  signAgreement,
  termsHash,
  verifyAgreementSignature,
} from '@consign/terms'
import { command, type Report } from '../command.ts'
import { type AgreementSignatures, readSignatures, readTerms, writeJson } from '../party-folder.ts'
import { transact } from '../transact.ts'
import { addressOf, FOLDER } from './agreement.ts'

export const address = command({
  name: 'agreement address',
  summary: 'Says where the agreement of the terms is, or will be.',
  example: 'consign agreement address --folder shipment --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER },
  run: async (context, { folder }): Promise<Report> => {
    const terms = await readTerms(folder)
    const chain = await context.chain()
    const agreement = addressOf(chain, terms)
    const exists = (await chain.client.getCode({ address: agreement })) !== undefined
    return {
      lines: [`${agreement} (${exists ? 'made' : 'not made yet'})`, `terms ${termsHash(terms)}`],
      data: { agreement, exists, termsHash: termsHash(terms) },
    }
  },
})

export const sign = command({
  name: 'agreement sign',
  summary: 'Signs the terms as their payer or payee and adds the signature to signatures.json.',
  details:
    'The wallet signs what the factory checks; ML-DSA signs the same digest. Both parties sign before the agreement is made.',
  example: 'consign agreement sign --folder shipment --key-file supplier.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER },
  run: async (context, { folder }): Promise<Report> => {
    const terms = await readTerms(folder)
    const { contracts, chainId } = await context.chain()
    const keys = await context.keys()
    const wallet = keys.wallet.address.toLowerCase()
    const [payerClause, payeeClause] = [payer(terms), payee(terms)]
    const party = [payerClause, payeeClause].find((each) => each.wallet === wallet)
    if (!party)
      throw new Refusal(
        'argument.signer',
        `${wallet} is neither payer nor payee of these terms; use the key file of one of them`,
      )
    const message = { termsHash: termsHash(terms), payer: payerClause.wallet, payee: payeeClause.wallet }
    const domain = { chainId, factory: contracts.factory }
    const signature = await signAgreement(context.crypto, keys, domain, message)
    await verifyAgreementSignature(context.crypto, party, domain, message, signature)
    const role = party.role as 'payer' | 'payee'
    if (!context.dryRun)
      await writeJson(folder, 'signatures.json', { ...(await readSignatures(folder)), [role]: signature })
    const done = context.dryRun ? 'Would add' : 'Added'
    return {
      lines: [`${done} the signature of ${party.name}, the ${role}.`],
      data: { role, party: party.wallet, ...message },
    }
  },
})

export const create = command({
  name: 'agreement create',
  summary: 'Makes the agreement that payer and payee have signed; the escrow reserves its amounts.',
  example: 'consign agreement create --folder shipment --key-file factory.key --rpc http://127.0.0.1:8545',
  options: { folder: FOLDER },
  run: async (context, { folder }) => {
    const terms = await readTerms(folder)
    const chain = await context.chain()
    const signatures = await readSignatures(folder)
    const signed = {
      payerSignature: signatureOf(signatures, 'payer').ecdsa,
      payeeSignature: signatureOf(signatures, 'payee').ecdsa,
    }
    const agreement = addressOf(chain, terms)
    const report = await transact(context, [
      {
        what: `The agreement ${agreement} of ${payer(terms).name} and ${payee(terms).name} is made.`,
        to: chain.contracts.factory,
        abi: agreementFactoryAbi,
        functionName: 'create',
        args: createArguments({ terms, ...signed }),
      },
    ])
    return { ...report, data: { agreement, ...report.data } }
  },
})

function signatureOf(signatures: AgreementSignatures, role: 'payer' | 'payee'): PartySignature {
  const found = signatures[role]
  if (found) return found
  throw new Refusal('folder.signature', `the ${role} has not signed; let it run consign agreement sign`)
}
