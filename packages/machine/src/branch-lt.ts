import { fetch, readRegister } from './access.ts'
import { STATE } from './buses.ts'
import { compare, fillCompare, signBit } from './compare.ts'
import { FAMILY } from './families.ts'
import { gather, putFrame, putLimbs, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'

export const branchLtChip = machineChip({
  name: 'branch-lt',
  doc: 'BLT, BGE, BLTU, BGEU: pc goes to tLt if b < c, else to tGe.',
  columns: {
    /** Where b < c, and where not. */
    lt: 'bool',
    ge: 'bool',
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
    sb: 'bool',
    sc: 'bool',
  },
  constrain(c, b) {
    const cycle = { ...c, en: c.lt.add(c.ge) }
    b.zero('one way', c.lt.mul(c.ge))
    fetch(b, cycle, FAMILY['branch-lt'], [c.rs1, c.rs2, c.tLt, c.tGe, c.signed])
    b.send('next state if less', STATE, c.lt, [c.tLt, c.clk.add(1)])
    b.send('next state if not less', STATE, c.ge, [c.tGe, c.clk.add(1)])
    readRegister(b, 'rs1', cycle, c.rs1, [c.b0, c.b1], c.tp1)
    readRegister(b, 'rs2', cycle, c.rs2, [c.c0, c.c1], c.tp2)
    signBit(b, 'sign of b', c.b1, c.sb, c.signed)
    signBit(b, 'sign of c', c.c1, c.sc, c.signed)
    compare(b, [c.b0, c.b1], [c.c0, c.c1], cycle)
  },
  rows: rowsOf('branch-lt'),
  fill(c, run) {
    const rows = putFrame(run, 'branch-lt', c, [c.rs1, c.rs2, c.tLt, c.tGe, c.signed])
    const x = gather(run, rows, 'rs1Value')
    const y = gather(run, rows, 'rs2Value')
    putLimbs(x, c.b0, c.b1)
    putLimbs(y, c.c0, c.c1)
    fillCompare(x, y, c.signed, c)
    for (let r = 0; r < rows.count; r++) c.ge[r] = 1 - c.lt[r]
  },
})
