import { instruction, readRegister, writeRegister } from './access.ts'
import { FAMILY } from './families.ts'
import { gatherLimbs, putFrame, romField, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'
import { fillCase, fillSplit, splitLimb } from './shift.ts'
import { sum } from '@vouch/stark'

export const shiftLeftImmChip = machineChip({
  name: 'shift-left-imm',
  doc: 'SLLI by 1 to 31: below 16, by 16, or above; by = 2^(amount mod 16), 2 for 16.',
  columns: {
    below: 'bool',
    at: 'bool',
    above: 'bool',
    pc: 'fetch',
    clk: 'state',
    rd: 'fetch',
    rs1: 'fetch',
    by: 'fetch',
    tp1: 'rs1 time',
    tp3: 'rd time',
    b0: 'rs1 before',
    b1: 'rs1 before',
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
      FAMILY['shift-left-imm'],
      [c.rd, c.rs1, c.by, c.at.add(c.above.mul(2))],
      c.pc.add(4),
    )
    readRegister(b, 'rs1', cycle, c.rs1, [c.b0, c.b1], c.tp1)
    splitLimb(b, 'b0', en, c.b0.mul(c.by), c.h0, c.u0)
    splitLimb(b, 'b1', en, c.b1.mul(c.by), c.h1, c.u1)
    const low = c.u0.mul(2)
    const high = c.u1.mul(2).add(c.h0)
    const after = {
      'below 16': { flag: c.below, value: [low, high] },
      'at 16': { flag: c.at, value: [0, c.b0] },
      'above 16': { flag: c.above, value: [0, low] },
    } as const
    writeRegister(b, cycle, c.rd, [c.p0, c.p1], after, c.tp3)
  },
  rows: rowsOf('shift-left-imm'),
  fill(c, run) {
    const rows = putFrame(run, 'shift-left-imm', c, [c.rd, c.rs1, c.by])
    gatherLimbs(run, rows, 'rs1Value', c.b0, c.b1)
    fillCase(romField(run, rows, 3), c.below, c.at, c.above)
    fillSplit(c.b0, c.by, rows.count, c.h0, c.u0)
    fillSplit(c.b1, c.by, rows.count, c.h1, c.u1)
  },
})
