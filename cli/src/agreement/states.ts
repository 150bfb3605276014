/** Words for the numbers of IAgreementCustody.Phase and IAgreementClaims.CaseState. */
export const PHASES = ['created', 'started', 'delivered', 'settled'] as const
export const CASE_STATES = ['unknown', 'proven', 'contested', 'upheld', 'claimed', 'void'] as const
