import { imageColumns, imageOf, riscvAir } from '../src/index.ts'
import { valueAt } from './harness.ts'
import type { Filled } from './harness.ts'
import { chipOf, exchange, heightOf } from './kill-check.ts'
import type { TinyProgram } from './tiny-machine.ts'

/**
 * The run against the ROM of another program. Each ROM row is counted as often as it is looked up, so what stays open is
 * what that ROM does not have: no other count would balance it.
 */
export function withRomOf(f: Filled, other: TinyProgram): Filled {
  const preprocessed = imageColumns(imageOf(other), riscvAir.minLogHeight).rom
  const rowOf = new Map(Array.from(preprocessed[0], (_, r) => [preprocessed.map((c) => c[r]).join(), r]))
  const count = new Uint32Array(preprocessed[0].length)
  for (const { chip, columns } of f.chips)
    for (const m of chip.messages) {
      if (m.bus.name !== 'Rom' || m.sign === 1) continue
      for (let row = 0; row < heightOf(columns); row++) {
        const times = valueAt(m.multiplicity, columns, row, f.publics)
        const found = rowOf.get(m.tuple.map((e) => valueAt(e, columns, row, f.publics)).join())
        if (found !== undefined) count[found] += times
      }
    }
  return exchange(f, { chip: chipOf(f, 'rom').chip, columns: { main: [count], preprocessed } })
}
