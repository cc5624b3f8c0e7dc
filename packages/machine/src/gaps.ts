import type { GapRows } from './run.ts'

/** Farthest that an access can look back by itself: own − prev − 1 is one 16-bit limb. */
export const NEAR = 65536

/** A gap row goes from `from` to from + 1 + GAP_UNIT·step with step < 2^15: any distance of two timestamps. */
export const GAP_UNIT = 2 ** 15

/**
 * The timestamp that an access at `ts` finds: that of the access before, or of the gap row that carried it to less than
 * GAP_UNIT before `ts`.
 */
export const foundAt = (ts: number, prev: number): number =>
  ts - prev - 1 < NEAR ? prev : prev + 1 + GAP_UNIT * Math.floor((ts - prev - 2) / GAP_UNIT)

/** Collects gap rows; grows. */
export interface GapList {
  /** Notes the gap row, if any, between an access at `prev` and one at `ts` to a register slot or word holding (v0, v1). */
  readonly bridge: (space: number, addr: number, v0: number, v1: number, prev: number, ts: number) => void
  readonly rows: () => GapRows
}

export function gapList(): GapList {
  let capacity = 256
  let count = 0
  const field = (): Uint32Array => new Uint32Array(capacity)
  let columns = [field(), field(), field(), field(), field(), field()]
  const push = (...row: number[]): void => {
    if (count === capacity) {
      capacity *= 2
      columns = columns.map((c) => {
        const grown = field()
        grown.set(c)
        return grown
      })
    }
    for (let j = 0; j < 6; j++) columns[j][count] = row[j]
    count++
  }
  return {
    bridge: (space, addr, v0, v1, prev, ts) => {
      const to = foundAt(ts, prev)
      if (to !== prev) push(space, addr, v0, v1, prev, to)
    },
    rows: () => {
      const [space, addr, v0, v1, from, to] = columns.map((c) => c.subarray(0, count))
      return { count, space, addr, v0, v1, from, to }
    },
  }
}
