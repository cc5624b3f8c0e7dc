import { address, instruction, readRegister, writeRegister } from './access.ts'
import { FAMILY } from './families.ts'
import { gather, putFrame, putLimbs, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'

export const jalrChip = machineChip({
  name: 'jalr',
  doc: 'JALR: pc goes to b + imm with its lowest bit cleared, rd gets the link.',
  columns: {
    en: 'bool',
    pc: 'fetch',
    clk: 'state',
    rd: 'fetch',
    rs1: 'fetch',
    imm: 'fetch',
    v1: 'fetch',
    tp1: 'rs1 time',
    tp3: 'rd time',
    b0: 'rs1 before',
    b1: 'rs1 before',
    p0: 'rd before',
    p1: 'rd before',
    wrap: 'bool',
    odd: 'bool',
  },
  constrain(c, b) {
    // A wrong `odd` would give an odd pc, and every pc of the ROM is a multiple of 4.
    const target = address(b, c, [c.b0, c.b1], c.wrap, c.imm).sub(c.odd)
    instruction(b, c, FAMILY.jalr, [c.rd, c.rs1, c.imm, c.v1], target)
    readRegister(b, 'rs1', c, c.rs1, [c.b0, c.b1], c.tp1)
    writeRegister(b, c, c.rd, [c.p0, c.p1], [c.pc.add(4).sub(c.v1.mul(65536)), c.v1], c.tp3)
  },
  rows: rowsOf('jalr'),
  fill(c, run) {
    const rows = putFrame(run, 'jalr', c, [c.rd, c.rs1, c.imm, c.v1])
    const base = gather(run, rows, 'rs1Value')
    putLimbs(base, c.b0, c.b1)
    putWrap(base, c.wrap)
    for (let r = 0; r < rows.count; r++) c.odd[r] = (base[r] + c.imm[r] + (c.imm[r] >>> 30)) & 1
  },
})

/** The `wrap` of `address` for honest bases, whose sums lie in RAM: b + imm < 2^30 with b >= 2^31 has wrapped. */
export function putWrap(base: Uint32Array, wrap: Uint32Array): void {
  for (let r = 0; r < base.length; r++) wrap[r] = base[r] >>> 31
}
