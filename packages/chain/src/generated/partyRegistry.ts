// Generated from contracts/src/PartyRegistry.sol by contracts/script/generate.ts; do not edit.
export const partyRegistryAbi = [
  {"type":"function","name":"keysOf","inputs":[{"name":"party","type":"address","internalType":"address"}],"outputs":[{"name":"","type":"tuple","internalType":"struct PartyKeys","components":[{"name":"mlDsaKeyHash","type":"bytes32","internalType":"bytes32"},{"name":"slhDsaKey","type":"bytes32","internalType":"bytes32"},{"name":"version","type":"uint32","internalType":"uint32"},{"name":"since","type":"uint40","internalType":"uint40"},{"name":"revokedAt","type":"uint40","internalType":"uint40"}]}],"stateMutability":"view"},
  {"type":"function","name":"register","inputs":[{"name":"mlDsaKeyHash","type":"bytes32","internalType":"bytes32"},{"name":"slhDsaKey","type":"bytes32","internalType":"bytes32"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"revocationDigest","inputs":[{"name":"party","type":"address","internalType":"address"}],"outputs":[{"name":"","type":"bytes32","internalType":"bytes32"}],"stateMutability":"view"},
  {"type":"function","name":"revoke","inputs":[],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"revokeFor","inputs":[{"name":"party","type":"address","internalType":"address"},{"name":"signature","type":"bytes","internalType":"bytes"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"rotate","inputs":[{"name":"party","type":"address","internalType":"address"},{"name":"mlDsaKeyHash","type":"bytes32","internalType":"bytes32"},{"name":"slhDsaKey","type":"bytes32","internalType":"bytes32"},{"name":"signature","type":"bytes","internalType":"bytes"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"rotationDigest","inputs":[{"name":"party","type":"address","internalType":"address"},{"name":"mlDsaKeyHash","type":"bytes32","internalType":"bytes32"},{"name":"slhDsaKey","type":"bytes32","internalType":"bytes32"}],"outputs":[{"name":"","type":"bytes32","internalType":"bytes32"}],"stateMutability":"view"},
  {"type":"event","name":"PartyKeysRotated","inputs":[{"name":"party","type":"address","indexed":true,"internalType":"address"},{"name":"version","type":"uint32","indexed":false,"internalType":"uint32"},{"name":"mlDsaKeyHash","type":"bytes32","indexed":false,"internalType":"bytes32"},{"name":"slhDsaKey","type":"bytes32","indexed":false,"internalType":"bytes32"}],"anonymous":false},
  {"type":"event","name":"PartyRegistered","inputs":[{"name":"party","type":"address","indexed":true,"internalType":"address"},{"name":"mlDsaKeyHash","type":"bytes32","indexed":false,"internalType":"bytes32"},{"name":"slhDsaKey","type":"bytes32","indexed":false,"internalType":"bytes32"}],"anonymous":false},
  {"type":"event","name":"PartyRevoked","inputs":[{"name":"party","type":"address","indexed":true,"internalType":"address"}],"anonymous":false},
  {"type":"error","name":"PartyRegistryAlreadyRegistered","inputs":[{"name":"party","type":"address","internalType":"address"}]},
  {"type":"error","name":"PartyRegistryKeyZero","inputs":[]},
  {"type":"error","name":"PartyRegistryNotRegistered","inputs":[{"name":"party","type":"address","internalType":"address"}]},
  {"type":"error","name":"PartyRegistryRevokedBefore","inputs":[{"name":"party","type":"address","internalType":"address"}]},
  {"type":"error","name":"PartyRegistrySignatureInvalid","inputs":[{"name":"party","type":"address","internalType":"address"}]},
] as const
