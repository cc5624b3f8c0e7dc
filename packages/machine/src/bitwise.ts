import { instruction, readRegister, writeRegister } from './access.ts'
import { BITWISE } from './buses.ts'
import { FAMILY } from './families.ts'
import { gather, putBytes, putFrame, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'
import type { Expr } from '@vouch/stark'

/** The limb of two bytes, low first. */
export const limb = (low: Expr, high: Expr): Expr => low.add(high.mul(256))

export const bitwiseChip = machineChip({
  name: 'bitwise',
  doc: 'AND, OR, XOR of two registers, byte by byte from the table.',
  columns: {
    en: 'bool',
    pc: 'fetch',
    clk: 'state',
    rd: 'fetch',
    rs1: 'fetch',
    rs2: 'fetch',
    op: 'fetch',
    tp1: 'rs1 time',
    tp2: 'rs2 time',
    tp3: 'rd time',
    p0: 'rd before',
    p1: 'rd before',
    x0: 'byte 0',
    x1: 'byte 1',
    x2: 'byte 2',
    x3: 'byte 3',
    y0: 'byte 0',
    y1: 'byte 1',
    y2: 'byte 2',
    y3: 'byte 3',
    z0: 'byte 0',
    z1: 'byte 1',
    z2: 'byte 2',
    z3: 'byte 3',
  },
  constrain(c, b) {
    instruction(b, c, FAMILY.bitwise, [c.rd, c.rs1, c.rs2, c.op], c.pc.add(4))
    readRegister(b, 'rs1', c, c.rs1, [limb(c.x0, c.x1), limb(c.x2, c.x3)], c.tp1)
    readRegister(b, 'rs2', c, c.rs2, [limb(c.y0, c.y1), limb(c.y2, c.y3)], c.tp2)
    writeRegister(b, c, c.rd, [c.p0, c.p1], [limb(c.z0, c.z1), limb(c.z2, c.z3)], c.tp3)
    // The ROM never has op 0, so z is the result and not the 0 of a plain byte check.
    b.receive('byte 0', BITWISE, c.en, [c.op, c.x0, c.y0, c.z0])
    b.receive('byte 1', BITWISE, c.en, [c.op, c.x1, c.y1, c.z1])
    b.receive('byte 2', BITWISE, c.en, [c.op, c.x2, c.y2, c.z2])
    b.receive('byte 3', BITWISE, c.en, [c.op, c.x3, c.y3, c.z3])
  },
  rows: rowsOf('bitwise'),
  fill(c, run) {
    const rows = putFrame(run, 'bitwise', c, [c.rd, c.rs1, c.rs2, c.op])
    putBytes(gather(run, rows, 'rs1Value'), [c.x0, c.x1, c.x2, c.x3])
    putBytes(gather(run, rows, 'rs2Value'), [c.y0, c.y1, c.y2, c.y3])
    putBytes(gather(run, rows, 'rdAfter'), [c.z0, c.z1, c.z2, c.z3])
  },
})
