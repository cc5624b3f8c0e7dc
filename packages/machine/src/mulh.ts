import { instruction, readRegister, writeRegister } from './access.ts'
import { RANGE16 } from './buses.ts'
import { signBit } from './compare.ts'
import { FAMILY } from './families.ts'
import { gather, gatherLimbs, putBytes, putFrame, romField, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'
import {
  PRODUCT_RANGES,
  bytesOf,
  carryRange,
  limbsOf,
  productLow,
  productRanges,
  sums,
  thirdTerms,
} from './product.ts'
import { m31, sum } from '@vouch/stark'

export const mulhChip = machineChip({
  name: 'mulh',
  doc: 'MULH, MULHSU, MULHU: the high 32 bits of x·y; the top byte of an operand with a sign counts as less 256.',
  columns: {
    mulh: 'bool',
    mulhsu: 'bool',
    mulhu: 'bool',
    pc: 'fetch',
    clk: 'state',
    rd: 'fetch',
    rs1: 'fetch',
    rs2: 'fetch',
    tp1: 'rs1 time',
    tp2: 'rs2 time',
    tp3: 'rd time',
    ...PRODUCT_RANGES,
    /** Carry out of the third limb. */
    k2: 'k2 is a carry',
    lo0: 'lo0 is a limb',
    lo1: 'lo1 is a limb',
    sx: 'bool',
    sy: 'bool',
    /** The product is below 0. */
    negative: 'bool',
    a0: 'a0 is a limb',
    a1: 'a1 is a limb',
    p0: 'rd before',
    p1: 'rd before',
  },
  constrain(c, b) {
    const en = sum([c.mulh, c.mulhsu, c.mulhu])
    const cycle = { ...c, en }
    const [x0, x1] = limbsOf([c.x0, c.x1, c.x2, c.x3])
    const [y0, y1] = limbsOf([c.y0, c.y1, c.y2, c.y3])
    b.zero('one kind', en.mul(en.sub(1)))
    instruction(b, cycle, FAMILY.mulh, [c.rd, c.rs1, c.rs2, c.mulhsu.add(c.mulhu.mul(2))], c.pc.add(4))
    readRegister(b, 'rs1', cycle, c.rs1, [x0, x1], c.tp1)
    readRegister(b, 'rs2', cycle, c.rs2, [y0, y1], c.tp2)
    signBit(b, 'sign of x', x1, c.sx, c.mulh.add(c.mulhsu))
    signBit(b, 'sign of y', y1, c.sy, c.mulh)
    // Signed from here on: the sums are those of the exact product, and may be below 0.
    const x = [c.x0, c.x1, c.x2, c.x3.sub(c.sx.mul(256))] as const
    const y = [c.y0, c.y1, c.y2, c.y3.sub(c.sy.mul(256))] as const
    productLow(b, x, y, c, c.lo0, c.lo1)
    productRanges(b, en, c)
    b.receive('lo0 is a limb', RANGE16, en, [c.lo0])
    b.receive('lo1 is a limb', RANGE16, en, [c.lo1])
    b.zero('third limb', c.k1.add(thirdTerms(x, y)).sub(c.a0).sub(c.k2.mul(65536)))
    carryRange(b, 'k2', en, c.k2)
    // The product is in [−2^63, 2^64), so its fourth limb is in [−2^15, 2^16).
    b.zero('fourth limb', c.k2.add(x[3].mul(y[3])).add(c.negative.mul(65536)).sub(c.a1))
    b.receive('a0 is a limb', RANGE16, en, [c.a0])
    b.receive('a1 is a limb', RANGE16, en, [c.a1])
    writeRegister(b, cycle, c.rd, [c.p0, c.p1], [c.a0, c.a1], c.tp3)
  },
  rows: rowsOf('mulh'),
  fill(c, run) {
    const rows = putFrame(run, 'mulh', c, [c.rd, c.rs1, c.rs2])
    const x = gather(run, rows, 'rs1Value')
    const y = gather(run, rows, 'rs2Value')
    const op = romField(run, rows, 3)
    putBytes(x, [c.x0, c.x1, c.x2, c.x3])
    putBytes(y, [c.y0, c.y1, c.y2, c.y3])
    gatherLimbs(run, rows, 'rdAfter', c.a0, c.a1)
    const flags = [c.mulh, c.mulhsu, c.mulhu]
    for (let r = 0; r < rows.count; r++) {
      flags[op[r]][r] = 1
      const xs = bytesOf(x[r], op[r] === 2 ? 0 : 1)
      const ys = bytesOf(y[r], op[r] === 0 ? 1 : 0)
      c.sx[r] = xs[3] < 0 ? 1 : 0
      c.sy[r] = ys[3] < 0 ? 1 : 0
      const [low, high, third] = sums(xs, ys)
      const k0 = low >> 16
      const k1 = (k0 + high) >> 16
      const k2 = (k1 + third) >> 16
      c.lo0[r] = low & 0xffff
      c.lo1[r] = (k0 + high) & 0xffff
      c.k0[r] = k0
      c.k1[r] = m31.fromInteger(k1)
      c.k2[r] = m31.fromInteger(k2)
      c.negative[r] = k2 + xs[3] * ys[3] < 0 ? 1 : 0
    }
  },
})
