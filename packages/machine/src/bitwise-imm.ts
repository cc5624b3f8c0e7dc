import { instruction, readRegister, writeRegister } from './access.ts'
import { limb } from './bitwise.ts'
import { BITWISE } from './buses.ts'
import { FAMILY } from './families.ts'
import { gather, putBytes, putFrame, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'

export const bitwiseImmChip = machineChip({
  name: 'bitwise-imm',
  doc: 'ANDI, ORI, XORI. The immediate is sign-extended: its two high bytes are equal.',
  columns: {
    en: 'bool',
    pc: 'fetch',
    clk: 'state',
    rd: 'fetch',
    rs1: 'fetch',
    op: 'fetch',
    y0: 'fetch',
    y1: 'fetch',
    yx: 'fetch',
    tp1: 'rs1 time',
    tp3: 'rd time',
    p0: 'rd before',
    p1: 'rd before',
    x0: 'byte 0',
    x1: 'byte 1',
    x2: 'byte 2',
    x3: 'byte 3',
    z0: 'byte 0',
    z1: 'byte 1',
    z2: 'byte 2',
    z3: 'byte 3',
  },
  constrain(c, b) {
    instruction(b, c, FAMILY['bitwise-imm'], [c.rd, c.rs1, c.op, c.y0, c.y1, c.yx], c.pc.add(4))
    readRegister(b, 'rs1', c, c.rs1, [limb(c.x0, c.x1), limb(c.x2, c.x3)], c.tp1)
    writeRegister(b, c, c.rd, [c.p0, c.p1], [limb(c.z0, c.z1), limb(c.z2, c.z3)], c.tp3)
    b.receive('byte 0', BITWISE, c.en, [c.op, c.x0, c.y0, c.z0])
    b.receive('byte 1', BITWISE, c.en, [c.op, c.x1, c.y1, c.z1])
    b.receive('byte 2', BITWISE, c.en, [c.op, c.x2, c.yx, c.z2])
    b.receive('byte 3', BITWISE, c.en, [c.op, c.x3, c.yx, c.z3])
  },
  rows: rowsOf('bitwise-imm'),
  fill(c, run) {
    const rows = putFrame(run, 'bitwise-imm', c, [c.rd, c.rs1, c.op, c.y0, c.y1, c.yx])
    putBytes(gather(run, rows, 'rs1Value'), [c.x0, c.x1, c.x2, c.x3])
    putBytes(gather(run, rows, 'rdAfter'), [c.z0, c.z1, c.z2, c.z3])
  },
})
