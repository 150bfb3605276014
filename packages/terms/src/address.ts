/**
 * Where an agreement will live, known before it exists: OpenZeppelin Contracts 5.7 `Clones.cloneDeterministicWithImmutableArgs`
 * (an EIP-1167 minimal proxy followed by its arguments) at CREATE2 (EIP-1014), salted with terms and signers.
 */
import { concatHex, encodeAbiParameters, getContractAddress, type Hex, keccak256, numberToHex } from 'viem'

export type AgreementPlace = { factory: Hex; implementation: Hex; termsHash: Hex; payer: Hex; payee: Hex }

const CLONE_CODE_BYTES = 0x2d
const ARGUMENT_BYTES = 32 // termsHash

/** `keccak256(abi.encode(termsHash, payer, payee))`. */
export function agreementSalt({
  termsHash,
  payer,
  payee,
}: Omit<AgreementPlace, 'factory' | 'implementation'>): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'address' }, { type: 'address' }],
      [termsHash, payer, payee],
    ),
  )
}

/** Creation code of the clone: deploys the proxy to `implementation` with `termsHash` behind it. */
export function agreementInitCode({
  implementation,
  termsHash,
}: Pick<AgreementPlace, 'implementation' | 'termsHash'>): Hex {
  return concatHex([
    '0x61',
    numberToHex(CLONE_CODE_BYTES + ARGUMENT_BYTES, { size: 2 }),
    '0x3d81600a3d39f3363d3d373d3d3d363d73',
    implementation,
    '0x5af43d82803e903d91602b57fd5bf3',
    termsHash,
  ])
}

/** The agreement's address, lower case. */
export function agreementAddress(place: AgreementPlace): Hex {
  const address = getContractAddress({
    opcode: 'CREATE2',
    from: place.factory,
    salt: agreementSalt(place),
    bytecode: agreementInitCode(place),
  })
  return address.toLowerCase() as Hex
}
