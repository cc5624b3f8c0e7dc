import { accessWord, address, instruction, readRegister, writeRegister } from './access.ts'
import { FAMILY } from './families.ts'
import { gather, gatherLimbs, putFrame, putLimbs, rowsOf } from './fill.ts'
import { putWrap } from './jalr.ts'
import { machineChip } from './machine-chip.ts'

export const loadWordChip = machineChip({
  name: 'load-word',
  doc: 'LW.',
  columns: {
    en: 'bool',
    pc: 'fetch',
    clk: 'state',
    rd: 'fetch',
    rs1: 'fetch',
    imm: 'fetch',
    tp1: 'rs1 time',
    tpm: 'memory time',
    tp3: 'rd time',
    b0: 'rs1 before',
    b1: 'rs1 before',
    wrap: 'bool',
    m0: 'memory before',
    m1: 'memory before',
    p0: 'rd before',
    p1: 'rd before',
  },
  constrain(c, b) {
    instruction(b, c, FAMILY['load-word'], [c.rd, c.rs1, c.imm], c.pc.add(4))
    readRegister(b, 'rs1', c, c.rs1, [c.b0, c.b1], c.tp1)
    const addr = address(b, c, [c.b0, c.b1], c.wrap, c.imm)
    accessWord(b, c, addr, [c.m0, c.m1], [c.m0, c.m1], c.tpm)
    writeRegister(b, c, c.rd, [c.p0, c.p1], [c.m0, c.m1], c.tp3)
  },
  rows: rowsOf('load-word'),
  fill(c, run) {
    const rows = putFrame(run, 'load-word', c, [c.rd, c.rs1, c.imm])
    const base = gather(run, rows, 'rs1Value')
    putLimbs(base, c.b0, c.b1)
    putWrap(base, c.wrap)
    gatherLimbs(run, rows, 'memBefore', c.m0, c.m1)
  },
})
