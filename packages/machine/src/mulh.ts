import { instruction, readRegister, writeRegister } from './access.ts'
import { limb } from './bitwise.ts'
import { BITWISE, RANGE16 } from './buses.ts'
import { signBit } from './compare.ts'
import { FAMILY } from './families.ts'
import { gather, gatherLimbs, putFrame, romField, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'
import { fillProductLow, PRODUCT_RANGES, productLow } from './product.ts'
import { sum } from '@vouch/stark'

export const mulhChip = machineChip({
  name: 'mulh',
  doc: 'MULH, MULHSU, MULHU: the high 32 bits of b·y, from the unsigned product less what the signs took.',
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
    lo0: 'lo0 is a limb',
    lo1: 'lo1 is a limb',
    /** Low byte, and the rest, of b1·y3. */
    r5: 'r5 and k2 are bytes',
    s5: 's5 is a limb',
    h0: 'h0 is a limb',
    /** Carry out of h0: a byte and a top bit. */
    k2: 'r5 and k2 are bytes',
    k2Top: 'bool',
    sb: 'bool',
    sc: 'bool',
    /** Borrows of the sign correction. */
    w0: 'w0 is 0, 1 or 2',
    w1: 'w1 is 0, 1 or 2',
    a0: 'a0 is a limb',
    a1: 'a1 is a limb',
    p0: 'rd before',
    p1: 'rd before',
  },
  constrain(c, b) {
    const en = sum([c.mulh, c.mulhsu, c.mulhu])
    const cycle = { ...c, en }
    const [c0, c1] = [limb(c.y0, c.y1), limb(c.y2, c.y3)]
    b.zero('one kind', en.mul(en.sub(1)))
    instruction(b, cycle, FAMILY.mulh, [c.rd, c.rs1, c.rs2, c.mulhsu.add(c.mulhu.mul(2))], c.pc.add(4))
    readRegister(b, 'rs1', cycle, c.rs1, [c.b0, c.b1], c.tp1)
    readRegister(b, 'rs2', cycle, c.rs2, [c0, c1], c.tp2)
    productLow(b, en, c, c.lo0, c.lo1)
    b.receive('lo0 is a limb', RANGE16, en, [c.lo0])
    b.receive('lo1 is a limb', RANGE16, en, [c.lo1])
    // What lies at 2^32 and above: the carries, b1·y2, and b1·y3 one byte up.
    const carries = limb(c.k1, c.k1Top).add(c.s3).add(c.s3Top.mul(65536))
    const k2 = limb(c.k2, c.k2Top)
    b.zero('b1·y3', c.b1.mul(c.y3).sub(limb(c.r5, c.s5)))
    b.zero('third limb', carries.add(c.b1.mul(c.y2)).add(c.r5.mul(256)).sub(c.h0).sub(k2.mul(65536)))
    b.receive('r5 and k2 are bytes', BITWISE, en, [0, c.r5, c.k2, 0])
    b.receive('s5 is a limb', RANGE16, en, [c.s5])
    b.receive('h0 is a limb', RANGE16, en, [c.h0])
    // The fourth limb needs no split: the unsigned product is below 2^64.
    const h1 = k2.add(c.s5)
    signBit(b, 'sign of b', c.b1, c.sb, c.mulh.add(c.mulhsu))
    signBit(b, 'sign of c', c1, c.sc, c.mulh)
    b.zero(
      'low limb less the signs',
      c.h0.sub(c.sb.mul(c0)).sub(c.sc.mul(c.b0)).add(c.w0.mul(65536)).sub(c.a0),
    )
    b.zero(
      'high limb less the signs',
      h1.sub(c.sb.mul(c1)).sub(c.sc.mul(c.b1)).sub(c.w0).add(c.w1.mul(65536)).sub(c.a1),
    )
    b.zero('w0 is 0, 1 or 2', c.w0.mul(c.w0.sub(1)).mul(c.w0.sub(2)))
    b.zero('w1 is 0, 1 or 2', c.w1.mul(c.w1.sub(1)).mul(c.w1.sub(2)))
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
    gatherLimbs(run, rows, 'rdAfter', c.a0, c.a1)
    const flags = [c.mulh, c.mulhsu, c.mulhu]
    for (let r = 0; r < rows.count; r++) {
      const { low, carry } = fillProductLow(c, r, x[r], y[r])
      flags[op[r]][r] = 1
      c.lo0[r] = low & 0xffff
      c.lo1[r] = low >>> 16
      const top = c.b1[r] * c.y3[r]
      c.r5[r] = top & 255
      c.s5[r] = top >>> 8
      const third = carry + c.b1[r] * c.y2[r] + 256 * (top & 255)
      c.h0[r] = third & 0xffff
      c.k2[r] = (third >>> 16) & 255
      c.k2Top[r] = third >>> 24
      const h1 = (third >>> 16) + (top >>> 8)
      const sb = op[r] === 2 ? 0 : x[r] >>> 31
      const sc = op[r] === 0 ? y[r] >>> 31 : 0
      c.sb[r] = sb
      c.sc[r] = sc
      const low2 = c.h0[r] - sb * (y[r] & 0xffff) - sc * c.b0[r]
      c.w0[r] = -Math.floor(low2 / 65536)
      c.w1[r] = -Math.floor((h1 - sb * (y[r] >>> 16) - sc * c.b1[r] - c.w0[r]) / 65536)
    }
  },
})
