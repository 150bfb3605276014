/** Named boundaries of this service's work, in order: a crash at any of them must change nothing in the end. */
export const STEPS = ['penalty.decided', 'penalty.appended'] as const
