import { instruction, readRegister, writeRegister } from './access.ts'
import { additionConstraints } from './add.ts'
import { RANGE16 } from './buses.ts'
import { FAMILY } from './families.ts'
import { gatherLimbs, putFrame, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'

export const addiChip = machineChip({
  name: 'addi',
  doc: 'ADDI, FENCE, and immediate shifts by 0: a = b + i.',
  columns: {
    en: 'bool',
    pc: 'fetch',
    clk: 'state',
    rd: 'fetch',
    rs1: 'fetch',
    i0: 'fetch',
    i1: 'fetch',
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
    instruction(b, c, FAMILY.addi, [c.rd, c.rs1, c.i0, c.i1], c.pc.add(4))
    readRegister(b, 'rs1', c, c.rs1, [c.b0, c.b1], c.tp1)
    writeRegister(b, c, c.rd, [c.p0, c.p1], [c.a0, c.a1], c.tp3)
    b.receive('a0 is a limb', RANGE16, c.en, [c.a0])
    b.receive('a1 is a limb', RANGE16, c.en, [c.a1])
    const [low, high] = additionConstraints([c.b0, c.b1], [c.i0, c.i1], [c.a0, c.a1])
    b.zero('low limb of b + i', low)
    b.zero('high limb of b + i', high)
  },
  rows: rowsOf('addi'),
  fill(c, run) {
    const rows = putFrame(run, 'addi', c, [c.rd, c.rs1, c.i0, c.i1])
    gatherLimbs(run, rows, 'rs1Value', c.b0, c.b1)
    gatherLimbs(run, rows, 'rdAfter', c.a0, c.a1)
  },
})
