import { type Durability, trackDurability } from './durability.ts'
import { mendedEpics } from './mends.ts'
import { combineRaidenEpics, type Deps, Raiden, raidenReducer, type State } from './raiden-ts.ts'

/** The SDK with its epics mended. Made by the inherited `create`, which constructs the class it is called on. */
export class MendedRaiden extends Raiden {
  readonly database: Deps['db']
  readonly #durability: Durability

  constructor(state: State, deps: Deps) {
    const durability = trackDurability(deps.db)
    super(state, deps, combineRaidenEpics(mendedEpics(durability)), durability.counting(raidenReducer))
    this.database = deps.db
    this.#durability = durability
  }

  override async stop(): Promise<void> {
    await super.stop()
    this.#durability.end()
  }
}
