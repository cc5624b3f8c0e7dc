import { instruction, readRegister } from './access.ts'
import { FAMILY } from './families.ts'
import { gatherLimbs, putFrame, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'
import { m31 } from '@vouch/stark'

export const branchEqChip = machineChip({
  name: 'branch-eq',
  doc: 'BEQ, BNE: pc goes to tEq if b = c, else to tNe.',
  columns: {
    en: 'bool',
    pc: 'fetch',
    clk: 'state',
    rs1: 'fetch',
    rs2: 'fetch',
    tEq: 'fetch',
    tNe: 'fetch',
    tp1: 'rs1 time',
    tp2: 'rs2 time',
    b0: 'rs1 before',
    b1: 'rs1 before',
    c0: 'rs2 before',
    c1: 'rs2 before',
    next: 'different words go to tNe',
    w: 'free: a quotient, which exists or not',
  },
  constrain(c, b) {
    // −1 is no square mod p, so the sum of two squares of small integers vanishes only when both do.
    const d0 = c.b0.sub(c.c0)
    const d1 = c.b1.sub(c.c1)
    const distance = d0.mul(d0).add(d1.mul(d1))
    b.zero('equal words go to tEq', c.next.sub(c.tEq).sub(distance.mul(c.w)))
    b.zero('different words go to tNe', distance.mul(c.next.sub(c.tNe)))
    instruction(b, c, FAMILY['branch-eq'], [c.rs1, c.rs2, c.tEq, c.tNe], c.next)
    readRegister(b, 'rs1', c, c.rs1, [c.b0, c.b1], c.tp1)
    readRegister(b, 'rs2', c, c.rs2, [c.c0, c.c1], c.tp2)
  },
  rows: rowsOf('branch-eq'),
  fill(c, run) {
    const rows = putFrame(run, 'branch-eq', c, [c.rs1, c.rs2, c.tEq, c.tNe])
    gatherLimbs(run, rows, 'rs1Value', c.b0, c.b1)
    gatherLimbs(run, rows, 'rs2Value', c.c0, c.c1)
    const distance = new Uint32Array(rows.count)
    for (let r = 0; r < rows.count; r++) {
      const d0 = Math.abs(c.b0[r] - c.c0[r])
      const d1 = Math.abs(c.b1[r] - c.c1[r])
      distance[r] = (d0 * d0 + d1 * d1) % m31.P
      c.next[r] = distance[r] === 0 ? c.tEq[r] : c.tNe[r]
    }
    invertInto(distance, c.w)
    for (let r = 0; r < rows.count; r++) c.w[r] = m31.mul(c.w[r], m31.sub(c.next[r], c.tEq[r]))
  },
})

/** Inverses of all non-zero elements with one inversion; 0 for 0. */
export function invertInto(values: Uint32Array, out: Uint32Array): void {
  let product = 1
  for (let r = 0; r < values.length; r++) {
    out[r] = product
    if (values[r] !== 0) product = m31.mul(product, values[r])
  }
  let inverse = m31.inv(product)
  for (let r = values.length - 1; r >= 0; r--) {
    if (values[r] === 0) out[r] = 0
    else {
      out[r] = m31.mul(out[r], inverse)
      inverse = m31.mul(inverse, values[r])
    }
  }
}
