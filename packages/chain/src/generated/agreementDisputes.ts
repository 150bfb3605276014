// Generated from contracts/src/AgreementDisputes.sol by contracts/script/generate.ts; do not edit.
export const agreementDisputesAbi = [

] as const
