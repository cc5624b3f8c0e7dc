import { instruction, readRegister, writeRegister } from './access.ts'
import { limb } from './bitwise.ts'
import { BITWISE } from './buses.ts'
import { FAMILY } from './families.ts'
import { gather, putBytes, putFrame, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'

export const bitwiseImmChip = machineChip({
  name: 'bitwise-imm',
  doc: 'ANDI, ORI, XORI: the low limb by bytes; the high limb, with 0 or 0xffff, is keep·xh and 0 or 0xffff more.',
  columns: {
    en: 'bool',
    pc: 'fetch',
    clk: 'state',
    rd: 'fetch',
    rs1: 'fetch',
    op: 'fetch',
    y0: 'fetch',
    y1: 'fetch',
    /** What becomes of the high limb: 1 stays, 0 goes, −1 is complemented. */
    keep: 'fetch',
    tp1: 'rs1 time',
    tp3: 'rd time',
    p0: 'rd before',
    p1: 'rd before',
    x0: 'byte 0',
    x1: 'byte 1',
    xh: 'rs1 before',
    z0: 'byte 0',
    z1: 'byte 1',
    zh: 'high limb',
  },
  constrain(c, b) {
    instruction(b, c, FAMILY['bitwise-imm'], [c.rd, c.rs1, c.op, c.y0, c.y1, c.keep], c.pc.add(4))
    readRegister(b, 'rs1', c, c.rs1, [limb(c.x0, c.x1), c.xh], c.tp1)
    writeRegister(b, c, c.rd, [c.p0, c.p1], [limb(c.z0, c.z1), c.zh], c.tp3)
    b.receive('byte 0', BITWISE, c.en, [c.op, c.x0, c.y0, c.z0])
    b.receive('byte 1', BITWISE, c.en, [c.op, c.x1, c.y1, c.z1])
    // 4·(0, 1, 1/2) for (AND, OR, XOR), so that `add` is 0 where the limb stays or goes, else 0xffff.
    const weight = c.op.sub(1).mul(c.op.mul(-3).add(10))
    const add = c.en.sub(c.keep).mul(weight).mul(65535)
    b.zero('high limb', c.zh.sub(c.keep.mul(c.xh)).mul(4).sub(add))
  },
  rows: rowsOf('bitwise-imm'),
  fill(c, run) {
    const rows = putFrame(run, 'bitwise-imm', c, [c.rd, c.rs1, c.op, c.y0, c.y1, c.keep])
    const x = gather(run, rows, 'rs1Value')
    const z = gather(run, rows, 'rdAfter')
    putBytes(x, [c.x0, c.x1])
    putBytes(z, [c.z0, c.z1])
    for (let r = 0; r < rows.count; r++) {
      c.xh[r] = x[r] >>> 16
      c.zh[r] = z[r] >>> 16
    }
  },
})
