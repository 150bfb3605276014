// Generated from contracts/src/AgreementPayout.sol by contracts/script/generate.ts; do not edit.
export const agreementPayoutAbi = [

] as const
