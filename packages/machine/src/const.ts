import { instruction, writeRegister } from './access.ts'
import { FAMILY } from './families.ts'
import { putFrame, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'

export const constChip = machineChip({
  name: 'const',
  doc: 'LUI, AUIPC, JAL: rd and the next pc are constants of the instruction.',
  columns: {
    en: 'bool',
    pc: 'fetch',
    clk: 'state',
    rd: 'fetch',
    v0: 'fetch',
    v1: 'fetch',
    next: 'fetch',
    tp3: 'rd time',
    p0: 'rd before',
    p1: 'rd before',
  },
  constrain(c, b) {
    instruction(b, c, FAMILY.const, [c.rd, c.v0, c.v1, c.next], c.next)
    writeRegister(b, c, c.rd, [c.p0, c.p1], [c.v0, c.v1], c.tp3)
  },
  rows: rowsOf('const'),
  fill(c, run) {
    putFrame(run, 'const', c, [c.rd, c.v0, c.v1, c.next])
  },
})
