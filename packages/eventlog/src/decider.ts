/** An event before it has an id and a time. */
export type Fact = { type: string; data: unknown }

/**
 * Business logic without I/O. `decide` returns what follows from a command (nothing, when it was already done) or throws a Refusal;
 * `evolve` must know every event of its subject: end its switch with an unreachable default.
 */
export type Decider<C, E extends Fact, S> = {
  initial: S
  decide(command: C, state: S): E[]
  evolve(state: S, event: E): S
}
