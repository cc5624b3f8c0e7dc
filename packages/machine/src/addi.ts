import { instruction, readRegister, writeRegister } from './access.ts'
import { INVERSE_2_16 } from './add.ts'
import { RANGE16 } from './buses.ts'
import { FAMILY } from './families.ts'
import { gatherLimbs, putFrame, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'

export const addiChip = machineChip({
  name: 'addi',
  doc: 'ADDI, FENCE, and immediate shifts by 0: a = b + i for a signed i.',
  columns: {
    en: 'bool',
    pc: 'fetch',
    clk: 'state',
    rd: 'fetch',
    rs1: 'fetch',
    imm: 'fetch',
    tp1: 'rs1 time',
    tp3: 'rd time',
    b0: 'rs1 before',
    b1: 'rs1 before',
    p0: 'rd before',
    p1: 'rd before',
    a0: 'a0 is a limb',
    a1: 'a1 is a limb',
  },
  constrain(c, b) {
    instruction(b, c, FAMILY.addi, [c.rd, c.rs1, c.imm], c.pc.add(4))
    readRegister(b, 'rs1', c, c.rs1, [c.b0, c.b1], c.tp1)
    writeRegister(b, c, c.rd, [c.p0, c.p1], [c.a0, c.a1], c.tp3)
    b.receive('a0 is a limb', RANGE16, c.en, [c.a0])
    b.receive('a1 is a limb', RANGE16, c.en, [c.a1])
    // |i| < 2^12, so each limb's excess is −2^16, 0 or 2^16, and only one of them leaves a limb below 2^16.
    const low = c.b0.add(c.imm).sub(c.a0)
    const high = c.b1.sub(c.a1).add(low.mul(INVERSE_2_16))
    b.zero('low limb of b + i', low.mul(low.sub(65536)).mul(low.add(65536)))
    b.zero('high limb of b + i', high.mul(high.sub(65536)).mul(high.add(65536)))
  },
  rows: rowsOf('addi'),
  fill(c, run) {
    const rows = putFrame(run, 'addi', c, [c.rd, c.rs1, c.imm])
    gatherLimbs(run, rows, 'rs1Value', c.b0, c.b1)
    gatherLimbs(run, rows, 'rdAfter', c.a0, c.a1)
  },
})
