/** Named boundaries of this service's work: a crash at any of them must change nothing in the end. */
export const STEPS = ['custody.decided', 'custody.appended', 'custody.replied', 'custody.fed'] as const
