import { instruction, readRegister, writeRegister } from './access.ts'
import { signBit } from './compare.ts'
import { FAMILY } from './families.ts'
import { gatherLimbs, putFrame, romField, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'
import { fillCase, fillSign, fillSplit, splitLimb } from './shift.ts'
import { sum } from '@vouch/stark'

export const shiftRightImmChip = machineChip({
  name: 'shift-right-imm',
  doc: 'SRLI, SRAI by 1 to 31: below 16, by 16, or above; by = 2^(16 - amount mod 16), 2 for 16.',
  columns: {
    below: 'bool',
    at: 'bool',
    above: 'bool',
    arithmetic: 'bool',
    pc: 'fetch',
    clk: 'state',
    rd: 'fetch',
    rs1: 'fetch',
    by: 'fetch',
    tp1: 'rs1 time',
    tp3: 'rd time',
    b0: 'rs1 before',
    b1: 'rs1 before',
    sign: 'bool',
    h0: 'b0 high part',
    h1: 'b1 high part',
    u0: 'b0 low part',
    u1: 'b1 low part',
    p0: 'rd before',
    p1: 'rd before',
  },
  constrain(c, b) {
    const en = sum([c.below, c.at, c.above])
    const cycle = { ...c, en }
    b.zero('one case', en.mul(en.sub(1)))
    instruction(
      b,
      cycle,
      FAMILY['shift-right-imm'],
      [c.rd, c.rs1, c.by, c.at.add(c.above.mul(2)), c.arithmetic],
      c.pc.add(4),
    )
    readRegister(b, 'rs1', cycle, c.rs1, [c.b0, c.b1], c.tp1)
    signBit(b, 'sign', c.b1, c.sign, c.arithmetic)
    splitLimb(b, 'b0', en, c.b0.mul(c.by), c.h0, c.u0)
    // The high limb as a signed one: its high part is below 0 where there is a sign.
    const signed = c.b1.sub(c.sign.mul(65536))
    splitLimb(b, 'b1', en, signed.mul(c.by), c.h1, c.u1, c.sign)
    const low = c.h0.add(c.u1.mul(2))
    const high = c.h1.add(c.sign.mul(65536))
    const fill = c.sign.mul(0xffff)
    const after = {
      'below 16': { flag: c.below, value: [low, high] },
      'at 16': { flag: c.at, value: [c.b1, fill] },
      'above 16': { flag: c.above, value: [high, fill] },
    } as const
    writeRegister(b, cycle, c.rd, [c.p0, c.p1], after, c.tp3)
  },
  rows: rowsOf('shift-right-imm'),
  fill(c, run) {
    const rows = putFrame(run, 'shift-right-imm', c, [c.rd, c.rs1, c.by, undefined, c.arithmetic])
    gatherLimbs(run, rows, 'rs1Value', c.b0, c.b1)
    fillCase(romField(run, rows, 3), c.below, c.at, c.above)
    fillSign(c.arithmetic, c.b1, rows.count, c.sign)
    fillSplit(c.b0, c.by, rows.count, c.h0, c.u0)
    fillSplit(c.b1, c.by, rows.count, c.h1, c.u1, c.sign)
  },
})
