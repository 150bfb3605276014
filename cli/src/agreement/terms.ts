import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '@consign/envelope'
import { describeTerms, draftTerms, ssccWithCheckDigit, type TermsDraft, termsHash } from '@consign/terms'
import { command, optional, type Report, repeated, required } from '../command.ts'
import { organisationOf } from '../deployment.ts'
import { readTerms } from '../party-folder.ts'
import { address, file, folder, named, text } from '../values.ts'
import { readDevice, readDocument, readParty } from './identities.ts'

export const terms = command({
  name: 'agreement terms',
  summary: 'Turns a draft into terms that both sides can sign, or says what terms mean in plain language.',
  details:
    'With --draft it writes terms.json into the folder, which must have none. Identities are what consign keys show prints; the device’s holds p256, mlDsaKey, slhDsaKey, provisioner and keystore.',
  example:
    'consign agreement terms --folder shipment --draft draft.json --party factory=factory.json --party supplier=supplier.json --device device.json --shipment 34012345000000001 --rpc http://127.0.0.1:8545',
  options: {
    folder: required(folder, 'where terms.json is, or is to be'),
    draft: optional(file, 'terms as a person writes them, in JSON'),
    party: repeated(named, 'name in the draft and file of the identity'),
    device: optional(file, 'identity of the device'),
    shipment: optional(text, 'SSCC: 18 digits, or 17 to which the check digit is added'),
    'anchor-writer': optional(address, 'whose anchors count; the organisation by default'),
    organisation: optional(address, 'whose escrow pays, when the deployment has several'),
  },
  run: async (context, values): Promise<Report> => {
    const { folder: dir, draft, device, shipment } = values
    if (draft !== undefined) {
      if (device === undefined || shipment === undefined)
        throw new Refusal(
          'argument.missing',
          '--draft needs --device FILE and --shipment SSCC too; see --help',
        )
      const { chainId, contracts } = await context.chain()
      const { token, organisation } = organisationOf(contracts, values.organisation)
      const made = draftTerms(
        (await readDocument(draft)) as TermsDraft,
        {
          ...{
            chainId,
            token,
            nowMs: context.nowMs(),
            anchorWriter: values['anchor-writer'] ?? organisation,
          },
          parties: Object.fromEntries(await Promise.all(values.party.map(readParty))),
          device: await readDevice(device),
          shipment: shipment.length === 17 ? ssccWithCheckDigit(shipment) : shipment,
        },
        () => randomBytes(32),
      )
      if (!context.dryRun) await writeNew(dir, made)
    }
    const read = draft !== undefined && context.dryRun ? undefined : await readTerms(dir)
    if (!read)
      return { lines: ['The draft can be turned into terms; nothing was written.'], data: { valid: true } }
    return {
      lines: [describeTerms(read), '', `terms ${termsHash(read)}`],
      data: { termsHash: termsHash(read), plainLanguage: describeTerms(read).split('\n') },
    }
  },
})

async function writeNew(dir: string, made: unknown): Promise<void> {
  const path = join(dir, 'terms.json')
  await mkdir(join(dir, 'frames'), { recursive: true })
  await writeFile(path, `${JSON.stringify(made, null, 2)}\n`, { flag: 'wx' }).catch((cause) => {
    throw new Refusal('folder.exists', `${path} exists; signatures may rest on it, so take another folder`, {
      cause,
    })
  })
}
