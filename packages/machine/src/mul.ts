import { instruction, readRegister, writeRegister } from './access.ts'
import { RANGE16 } from './buses.ts'
import { FAMILY } from './families.ts'
import { gather, gatherLimbs, putBytes, putFrame, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'
import { PRODUCT_RANGES, bytesOf, limbsOf, productLow, productRanges, sums } from './product.ts'

export const mulChip = machineChip({
  name: 'mul',
  doc: 'MUL: the low 32 bits of x·y.',
  columns: {
    en: 'bool',
    pc: 'fetch',
    clk: 'state',
    rd: 'fetch',
    rs1: 'fetch',
    rs2: 'fetch',
    tp1: 'rs1 time',
    tp2: 'rs2 time',
    tp3: 'rd time',
    ...PRODUCT_RANGES,
    a0: 'a0 is a limb',
    a1: 'a1 is a limb',
    p0: 'rd before',
    p1: 'rd before',
  },
  constrain(c, b) {
    const x = [c.x0, c.x1, c.x2, c.x3] as const
    const y = [c.y0, c.y1, c.y2, c.y3] as const
    instruction(b, c, FAMILY.mul, [c.rd, c.rs1, c.rs2], c.pc.add(4))
    readRegister(b, 'rs1', c, c.rs1, limbsOf(x), c.tp1)
    readRegister(b, 'rs2', c, c.rs2, limbsOf(y), c.tp2)
    productLow(b, x, y, c, c.a0, c.a1)
    productRanges(b, c.en, c)
    b.receive('a0 is a limb', RANGE16, c.en, [c.a0])
    b.receive('a1 is a limb', RANGE16, c.en, [c.a1])
    writeRegister(b, c, c.rd, [c.p0, c.p1], [c.a0, c.a1], c.tp3)
  },
  rows: rowsOf('mul'),
  fill(c, run) {
    const rows = putFrame(run, 'mul', c, [c.rd, c.rs1, c.rs2])
    const x = gather(run, rows, 'rs1Value')
    const y = gather(run, rows, 'rs2Value')
    putBytes(x, [c.x0, c.x1, c.x2, c.x3])
    putBytes(y, [c.y0, c.y1, c.y2, c.y3])
    gatherLimbs(run, rows, 'rdAfter', c.a0, c.a1)
    for (let r = 0; r < rows.count; r++) {
      const [low, high] = sums(bytesOf(x[r], 0), bytesOf(y[r], 0))
      c.k0[r] = low >>> 16
      c.k1[r] = (c.k0[r] + high) >>> 16
    }
  },
})
