/** RFC 9162 Merkle trees over SHA-256: logs that grow, proofs, and their checks. */
export { MerkleFrontier } from './frontier.ts'
export { emptyRoot, leafHash, nodeHash } from './hashing.ts'
export { MerkleLog } from './log.ts'
export {
  type Consistency,
  type Inclusion,
  merkleRoot,
  verifyConsistency,
  verifyInclusion,
} from './proofs.ts'
