import { liftPosition } from '../kernels/positions.ts'
import { distinct } from './domain.ts'

/**
 * The query positions, and where they fall on the smaller domains that columns are lifted from: ascending, each once.
 * Openings are written in this order, so a proof has no say in it.
 */
export class Queries {
  /** log2 of the domain that the queries are drawn from. */
  readonly logDomain: number
  readonly #positions = new Map<number, readonly number[]>()
  readonly #lifted = new Map<number, readonly number[]>()

  constructor(drawn: Iterable<number>, logDomain: number) {
    this.logDomain = logDomain
    this.#positions.set(logDomain, distinct(drawn))
  }

  /** Positions on the domain of size 2^log, log <= logDomain. */
  at(log: number): readonly number[] {
    let positions = this.#positions.get(log)
    if (positions === undefined) {
      const all = this.#positions.get(this.logDomain)!
      positions = distinct(all.map((q) => liftPosition(q, this.logDomain, log)))
      this.#positions.set(log, positions)
    }
    return positions
  }

  /** For each of the positions at `from`, the index among those at `to` <= from of the one that it lifts to. */
  lifted(from: number, to: number): readonly number[] {
    const key = 32 * from + to
    let indices = this.#lifted.get(key)
    if (indices === undefined) {
      const index = new Map(this.at(to).map((p, i) => [p, i]))
      indices = this.at(from).map((p) => index.get(liftPosition(p, from, to))!)
      this.#lifted.set(key, indices)
    }
    return indices
  }
}
