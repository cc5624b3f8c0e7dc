import { instruction, readRegister } from './access.ts'
import { compare, fillCompare, signBit } from './compare.ts'
import { FAMILY } from './families.ts'
import { gather, putFrame, putLimbs, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'

export const branchLtChip = machineChip({
  name: 'branch-lt',
  doc: 'BLT, BGE, BLTU, BGEU: pc goes to tLt if b < c, else to tGe.',
  columns: {
    en: 'bool',
    pc: 'fetch',
    clk: 'state',
    rs1: 'fetch',
    rs2: 'fetch',
    tLt: 'fetch',
    tGe: 'fetch',
    signed: 'bool',
    tp1: 'rs1 time',
    tp2: 'rs2 time',
    b0: 'rs1 before',
    b1: 'rs1 before',
    c0: 'rs2 before',
    c1: 'rs2 before',
    k0: 'bool',
    lt: 'bool',
    sb: 'bool',
    sc: 'bool',
  },
  constrain(c, b) {
    instruction(
      b,
      c,
      FAMILY['branch-lt'],
      [c.rs1, c.rs2, c.tLt, c.tGe, c.signed],
      c.tGe.add(c.lt.mul(c.tLt.sub(c.tGe))),
    )
    readRegister(b, 'rs1', c, c.rs1, [c.b0, c.b1], c.tp1)
    readRegister(b, 'rs2', c, c.rs2, [c.c0, c.c1], c.tp2)
    signBit(b, 'sign of b', c.b1, c.sb, c.signed)
    signBit(b, 'sign of c', c.c1, c.sc, c.signed)
    compare(b, [c.b0, c.b1], [c.c0, c.c1], c)
  },
  rows: rowsOf('branch-lt'),
  fill(c, run) {
    const rows = putFrame(run, 'branch-lt', c, [c.rs1, c.rs2, c.tLt, c.tGe, c.signed])
    const x = gather(run, rows, 'rs1Value')
    const y = gather(run, rows, 'rs2Value')
    putLimbs(x, c.b0, c.b1)
    putLimbs(y, c.c0, c.c1)
    fillCompare(x, y, c.signed, c)
  },
})
