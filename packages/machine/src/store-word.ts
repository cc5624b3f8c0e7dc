import { accessWord, address, instruction, readRegister } from './access.ts'
import { FAMILY } from './families.ts'
import { gather, gatherLimbs, putFrame, putLimbs, rowsOf } from './fill.ts'
import { putWrap } from './jalr.ts'
import { machineChip } from './machine-chip.ts'

export const storeWordChip = machineChip({
  name: 'store-word',
  doc: 'SW.',
  columns: {
    en: 'bool',
    pc: 'fetch',
    clk: 'state',
    rs1: 'fetch',
    rs2: 'fetch',
    imm: 'fetch',
    tp1: 'rs1 time',
    tp2: 'rs2 time',
    tpm: 'memory time',
    b0: 'rs1 before',
    b1: 'rs1 before',
    wrap: 'bool',
    c0: 'rs2 before',
    c1: 'rs2 before',
    q0: 'memory before',
    q1: 'memory before',
  },
  constrain(c, b) {
    instruction(b, c, FAMILY['store-word'], [c.rs1, c.rs2, c.imm], c.pc.add(4))
    readRegister(b, 'rs1', c, c.rs1, [c.b0, c.b1], c.tp1)
    readRegister(b, 'rs2', c, c.rs2, [c.c0, c.c1], c.tp2)
    const addr = address(b, c, [c.b0, c.b1], c.wrap, c.imm)
    accessWord(b, c, addr, [c.q0, c.q1], [c.c0, c.c1], c.tpm)
  },
  rows: rowsOf('store-word'),
  fill(c, run) {
    const rows = putFrame(run, 'store-word', c, [c.rs1, c.rs2, c.imm])
    const base = gather(run, rows, 'rs1Value')
    putLimbs(base, c.b0, c.b1)
    putWrap(base, c.wrap)
    gatherLimbs(run, rows, 'rs2Value', c.c0, c.c1)
    gatherLimbs(run, rows, 'memBefore', c.q0, c.q1)
  },
})
