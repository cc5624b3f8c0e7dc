import { instruction, readRegister, writeRegister } from './access.ts'
import { compare, fillCompare, signBit } from './compare.ts'
import { FAMILY } from './families.ts'
import { gather, putFrame, putLimbs, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'

export const sltImmChip = machineChip({
  name: 'slt-imm',
  doc: 'SLTI, SLTIU: rd = (b < i). For SLTI the high limb of i is signed: 0 or -1.',
  columns: {
    en: 'bool',
    pc: 'fetch',
    clk: 'state',
    rd: 'fetch',
    rs1: 'fetch',
    i0: 'fetch',
    i1: 'fetch',
    signed: 'bool',
    tp1: 'rs1 time',
    tp3: 'rd time',
    b0: 'rs1 before',
    b1: 'rs1 before',
    p0: 'rd before',
    p1: 'rd before',
    k0: 'bool',
    lt: 'bool',
    sb: 'bool',
  },
  constrain(c, b) {
    instruction(b, c, FAMILY['slt-imm'], [c.rd, c.rs1, c.i0, c.i1, c.signed], c.pc.add(4))
    readRegister(b, 'rs1', c, c.rs1, [c.b0, c.b1], c.tp1)
    writeRegister(b, c, c.rd, [c.p0, c.p1], [c.lt, 0], c.tp3)
    signBit(b, 'sign of b', c.b1, c.sb, c.signed)
    compare(b, [c.b0, c.b1], [c.i0, c.i1], { ...c, sc: 0 })
  },
  rows: rowsOf('slt-imm'),
  fill(c, run) {
    const rows = putFrame(run, 'slt-imm', c, [c.rd, c.rs1, c.i0, c.i1, c.signed])
    const x = gather(run, rows, 'rs1Value')
    putLimbs(x, c.b0, c.b1)
    // 0xFFFF and the element −1 both have a 1 in bit 1, and 0 has none.
    const y = Uint32Array.from(x, (_, r) => c.i0[r] + ((c.i1[r] & 2) === 0 ? 0 : 0xffff0000))
    fillCompare(x, y, c.signed, c)
  },
})
