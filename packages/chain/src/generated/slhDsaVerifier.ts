// Generated from contracts/src/SlhDsaVerifier.sol by contracts/script/generate.ts; do not edit.
export const slhDsaVerifierAbi = [
  {"type":"function","name":"verify","inputs":[{"name":"publicKey","type":"bytes32","internalType":"bytes32"},{"name":"digest","type":"bytes32","internalType":"bytes32"},{"name":"signature","type":"bytes","internalType":"bytes"}],"outputs":[{"name":"","type":"bool","internalType":"bool"}],"stateMutability":"view"},
] as const
