import { INVERSE_2_16 } from './add.ts'
import { instruction, readRegister, writeRegister } from './access.ts'
import { invertInto } from './branch-eq.ts'
import { RANGE16 } from './buses.ts'
import { signBit } from './compare.ts'
import { FAMILY } from './families.ts'
import { gather, gatherLimbs, putBytes, putFrame, putLimbs, romField, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'
import { byteRange, bytesOf, carryRange, highTerms, limbsOf, lowTerms, sums } from './product.ts'
import { sum } from '@vouch/stark'
import type { Builder, Expr } from '@vouch/stark'

/**
 * y = −x mod 2^32 where `negate` is 1, and y = x elsewhere, for limbs below 2^16: where negated, each limb's sum with
 * the carry is 0 or 2^16.
 */
function negation(
  b: Builder,
  name: string,
  negate: Expr,
  x: readonly [Expr, Expr],
  y: readonly [Expr, Expr],
): void {
  const high = negatedLow(b, name, negate, x, y)
  b.zero(`high limb of ${name} is negated`, negate.mul(high).mul(high.sub(65536)))
}

/** y = |x| for an x that is negative where `negate`, so not 0: its high limb's sum is 2^16. y1 needs no range check. */
function magnitude(
  b: Builder,
  name: string,
  negate: Expr,
  x: readonly [Expr, Expr],
  y: readonly [Expr, Expr],
): void {
  const high = negatedLow(b, name, negate, x, y)
  b.zero(`high limb of ${name} is negated`, negate.mul(high.sub(65536)))
}

/** Everything but the high limb of a negation; returns the high limbs' sum with the carry. */
function negatedLow(
  b: Builder,
  name: string,
  negate: Expr,
  x: readonly [Expr, Expr],
  y: readonly [Expr, Expr],
): Expr {
  const low = x[0].add(y[0])
  b.zero(`low limb of ${name} stays`, negate.not().mul(x[0].sub(y[0])))
  b.zero(`high limb of ${name} stays`, negate.not().mul(x[1].sub(y[1])))
  b.zero(`low limb of ${name} is negated`, negate.mul(low).mul(low.sub(65536)))
  return x[1].add(y[1]).add(low.mul(INVERSE_2_16))
}

export const divChip = machineChip({
  name: 'div',
  doc: 'DIV, DIVU, REM, REMU: |b| = q·|c| + r with r < |c|, or c = 0.',
  columns: {
    div: 'bool',
    divu: 'bool',
    rem: 'bool',
    remu: 'bool',
    pc: 'fetch',
    clk: 'state',
    rd: 'fetch',
    rs1: 'fetch',
    rs2: 'fetch',
    tp1: 'rs1 time',
    tp2: 'rs2 time',
    tp3: 'rd time',
    b0: 'rs1 before',
    b1: 'rs1 before',
    c0: 'rs2 before',
    c1: 'rs2 before',
    sb: 'bool',
    sc: 'bool',
    /** |b| */
    m0: 'm0 is a limb',
    m1: 'high limb of b is negated',
    /** |c| */
    y0: 'y0 and y1 are bytes',
    y1: 'y0 and y1 are bytes',
    y2: 'y2 and y3 are bytes',
    y3: 'y2 and y3 are bytes',
    q0: 'q0 and q1 are bytes',
    q1: 'q0 and q1 are bytes',
    q2: 'q2 and q3 are bytes',
    q3: 'q2 and q3 are bytes',
    r0: 'r0 is a limb',
    r1: 'r1 is a limb',
    /** Carry out of the low limb. */
    k0: 'k0 is a carry',
    borrow: 'bool',
    byZero: 'zero has no inverse',
    w: 'free: an inverse, which exists or not',
    /** The result is v or −v. */
    v0: 'low limb of the magnitude',
    v1: 'high limb of the magnitude',
    negative: 'sign of the result',
    a0: 'a0 is a limb',
    a1: 'a1 is a limb',
    p0: 'rd before',
    p1: 'rd before',
  },
  constrain(c, b) {
    const en = sum([c.div, c.divu, c.rem, c.remu])
    const quotient = c.div.add(c.divu)
    const remainder = c.rem.add(c.remu)
    const signed = c.div.add(c.rem)
    const cycle = { ...c, en }
    const bytes = [c.y0, c.y1, c.y2, c.y3] as const
    const q = [c.q0, c.q1, c.q2, c.q3] as const
    const y = limbsOf(bytes)
    const [q0, q1] = limbsOf(q)
    b.zero('one kind', en.mul(en.sub(1)))
    instruction(
      b,
      cycle,
      FAMILY.div,
      [c.rd, c.rs1, c.rs2, c.divu.add(c.rem.mul(2)).add(c.remu.mul(3))],
      c.pc.add(4),
    )
    readRegister(b, 'rs1', cycle, c.rs1, [c.b0, c.b1], c.tp1)
    readRegister(b, 'rs2', cycle, c.rs2, [c.c0, c.c1], c.tp2)
    signBit(b, 'sign of b', c.b1, c.sb, signed)
    signBit(b, 'sign of c', c.c1, c.sc, signed)
    magnitude(b, 'b', c.sb, [c.b0, c.b1], [c.m0, c.m1])
    magnitude(b, 'c', c.sc, [c.c0, c.c1], y)
    b.receive('m0 is a limb', RANGE16, en, [c.m0])
    byteRange(b, 'y', en, bytes)

    // |b| = q·|c| + r over the integers: sums with r are below 2^26 − 1, and no product of two bytes reaches 2^32.
    b.zero('low limb', lowTerms(q, bytes).add(c.r0).sub(c.m0).sub(c.k0.mul(65536)))
    b.zero('high limb', c.k0.add(highTerms(q, bytes)).add(c.r1).sub(c.m1))
    b.zero(
      'no product above 2^32',
      c.q1
        .mul(c.y3)
        .add(c.q2.mul(c.y2.add(c.y3)))
        .add(c.q3.mul(c.y1.add(c.y2).add(c.y3))),
    )
    byteRange(b, 'q', en, q)
    b.receive('r0 is a limb', RANGE16, en, [c.r0])
    b.receive('r1 is a limb', RANGE16, en, [c.r1])
    carryRange(b, 'k0', en, c.k0)

    // r < |c|, unless c = 0: then r = |b|, and the quotient is all ones: for b < 0 as −1.
    const nonZero = en.sub(c.byZero)
    b.zero('zero has no inverse', y[0].add(y[1]).mul(c.w).sub(nonZero))
    b.zero('by zero means c = 0', c.byZero.mul(y[0].add(y[1])))
    b.receive('low limb of r - c', RANGE16, nonZero, [c.r0.sub(y[0]).add(c.borrow.mul(65536))])
    b.receive('high limb of r - c', RANGE16, nonZero, [c.r1.sub(y[1]).sub(c.borrow).add(65536)])
    b.zero('low limb of x / 0', c.byZero.mul(q0.sub(65535).add(c.sb.mul(65534))))
    b.zero('high limb of x / 0', c.byZero.mul(q1.sub(c.sb.not().mul(65535))))

    b.zero('low limb of the magnitude', quotient.mul(q0).add(remainder.mul(c.r0)).sub(c.v0))
    b.zero('high limb of the magnitude', quotient.mul(q1).add(remainder.mul(c.r1)).sub(c.v1))
    const differ = c.sb.add(c.sc).sub(c.sb.mul(c.sc).mul(2))
    b.zero('sign of the result', quotient.mul(differ).add(remainder.mul(c.sb)).sub(c.negative))
    negation(b, 'the result', c.negative, [c.v0, c.v1], [c.a0, c.a1])
    b.receive('a0 is a limb', RANGE16, en, [c.a0])
    b.receive('a1 is a limb', RANGE16, en, [c.a1])
    writeRegister(b, cycle, c.rd, [c.p0, c.p1], [c.a0, c.a1], c.tp3)
  },
  rows: rowsOf('div'),
  fill(c, run) {
    const rows = putFrame(run, 'div', c, [c.rd, c.rs1, c.rs2])
    const x = gather(run, rows, 'rs1Value')
    const z = gather(run, rows, 'rs2Value')
    const op = romField(run, rows, 3)
    putLimbs(x, c.b0, c.b1)
    putLimbs(z, c.c0, c.c1)
    gatherLimbs(run, rows, 'rdAfter', c.a0, c.a1)
    const flags = [c.div, c.divu, c.rem, c.remu]
    const divisors = new Uint32Array(rows.count)
    const quotients = new Uint32Array(rows.count)
    for (let r = 0; r < rows.count; r++) {
      const isSigned = op[r] % 2 === 0
      const sb = isSigned ? x[r] >>> 31 : 0
      const sc = isSigned ? z[r] >>> 31 : 0
      const m = sb === 1 ? -x[r] >>> 0 : x[r]
      const y = sc === 1 ? -z[r] >>> 0 : z[r]
      const q = y === 0 ? (sb === 1 ? 1 : 0xffffffff) : Math.floor(m / y)
      const rest = y === 0 ? m : m % y
      flags[op[r]][r] = 1
      c.sb[r] = sb
      c.sc[r] = sc
      c.m0[r] = m & 0xffff
      c.m1[r] = m >>> 16
      c.y0[r] = y & 255
      c.y1[r] = (y >>> 8) & 255
      c.y2[r] = (y >>> 16) & 255
      c.y3[r] = y >>> 24
      quotients[r] = q
      c.r0[r] = rest & 0xffff
      c.r1[r] = rest >>> 16
      const [low] = sums(bytesOf(q, 0), bytesOf(y, 0))
      c.k0[r] = (low + c.r0[r]) >>> 16
      c.borrow[r] = y !== 0 && (rest & 0xffff) < (y & 0xffff) ? 1 : 0
      c.byZero[r] = y === 0 ? 1 : 0
      divisors[r] = (y & 0xffff) + (y >>> 16)
      const isQuotient = op[r] < 2
      const v = isQuotient ? q : rest
      c.v0[r] = v & 0xffff
      c.v1[r] = v >>> 16
      c.negative[r] = isQuotient ? sb ^ sc : sb
    }
    putBytes(quotients, [c.q0, c.q1, c.q2, c.q3])
    invertInto(divisors, c.w)
  },
})
