import { instruction, readRegister, writeRegister } from './access.ts'
import { compare, fillCompare, signBit } from './compare.ts'
import { FAMILY } from './families.ts'
import { gather, putFrame, putLimbs, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'

export const sltChip = machineChip({
  name: 'slt',
  doc: 'SLT, SLTU: rd = (b < c).',
  columns: {
    en: 'bool',
    pc: 'fetch',
    clk: 'state',
    rd: 'fetch',
    rs1: 'fetch',
    rs2: 'fetch',
    signed: 'bool',
    tp1: 'rs1 time',
    tp2: 'rs2 time',
    tp3: 'rd time',
    b0: 'rs1 before',
    b1: 'rs1 before',
    c0: 'rs2 before',
    c1: 'rs2 before',
    p0: 'rd before',
    p1: 'rd before',
    k0: 'bool',
    lt: 'bool',
    sb: 'bool',
    sc: 'bool',
  },
  constrain(c, b) {
    instruction(b, c, FAMILY.slt, [c.rd, c.rs1, c.rs2, c.signed], c.pc.add(4))
    readRegister(b, 'rs1', c, c.rs1, [c.b0, c.b1], c.tp1)
    readRegister(b, 'rs2', c, c.rs2, [c.c0, c.c1], c.tp2)
    writeRegister(b, c, c.rd, [c.p0, c.p1], [c.lt, 0], c.tp3)
    signBit(b, 'sign of b', c.b1, c.sb, c.signed)
    signBit(b, 'sign of c', c.c1, c.sc, c.signed)
    compare(b, [c.b0, c.b1], [c.c0, c.c1], c)
  },
  rows: rowsOf('slt'),
  fill(c, run) {
    const rows = putFrame(run, 'slt', c, [c.rd, c.rs1, c.rs2, c.signed])
    const x = gather(run, rows, 'rs1Value')
    const y = gather(run, rows, 'rs2Value')
    putLimbs(x, c.b0, c.b1)
    putLimbs(y, c.c0, c.c1)
    fillCompare(x, y, c.signed, c)
  },
})
