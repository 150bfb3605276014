// Generated from contracts/src/AgreementClaims.sol by contracts/script/generate.ts; do not edit.
export const agreementClaimsAbi = [

] as const
