/** A message as raiden-ts 3.1.1 signs and encodes it: keys 0x0101…01 and 0x0202…02, channel 7, nonces 5 and 3. */
export const SIGNED_UPDATE = {
  type: 'PFSCapacityUpdate',
  canonical_identifier: {
    chain_identifier: '31337',
    token_network_address: '0x3333333333333333333333333333333333333333',
    channel_identifier: '7',
  },
  updating_participant: '0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1',
  other_participant: '0x5050A4F4b3f9338C3472dcC01A87C76A144b3c9c',
  updating_nonce: '5',
  other_nonce: '3',
  updating_capacity: '900000000000000000000',
  other_capacity: '100',
  reveal_timeout: '20',
  signature:
    '0xdcb03ae9e9d76621d1419e1e775b498ee95676746fde918e6828a1c14a8e3e911a22d59588d8e3a8dcb07803212dec42dada3c73fc81cebd0ffc4e55683ad3511b',
}
