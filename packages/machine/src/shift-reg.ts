import { instruction, readRegister, writeRegister } from './access.ts'
import { RANGE16 } from './buses.ts'
import { signBit } from './compare.ts'
import { FAMILY } from './families.ts'
import { gather, gatherLimbs, putFrame, romField, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'
import { fillSign, fillSplit, splitLimb } from './shift.ts'
import { sum } from '@vouch/stark'

export const shiftRegChip = machineChip({
  name: 'shift-reg',
  doc: 'SLL, SRL, SRA: the amount is l + 16 in the rows left1 and right1, else l = i + 4·j by one-hot i and j.',
  columns: {
    left0: 'bool',
    left1: 'bool',
    right0: 'bool',
    right1: 'bool',
    arithmetic: 'bool',
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
    i1: 'bool',
    i2: 'bool',
    i3: 'bool',
    j1: 'bool',
    j2: 'bool',
    j3: 'bool',
    /** The amount's limb is 32·rest + amount. */
    rest: 'rest is an integer',
    c1: 'rs2 before',
    by: 'multiplier',
    /** 1 where l = 0: limbs stay whole, which no multiplier can say. */
    whole: 'whole limbs',
    sign: 'bool',
    h0: 'b0 high part',
    h1: 'b1 high part',
    u0: 'b0 low part',
    u1: 'b1 low part',
    a0: 'low limb',
    a1: 'high limb',
    p0: 'rd before',
    p1: 'rd before',
  },
  constrain(c, b) {
    const left = c.left0.add(c.left1)
    const right = c.right0.add(c.right1)
    const en = left.add(right)
    const cycle = { ...c, en }
    b.zero('one case', en.mul(en.sub(1)))
    const i = [en.sub(sum([c.i1, c.i2, c.i3])), c.i1, c.i2, c.i3]
    const j = [en.sub(sum([c.j1, c.j2, c.j3])), c.j1, c.j2, c.j3]
    b.zero('one low pair of bits', i[0].mul(i[0].sub(1)))
    b.zero('one high pair of bits', j[0].mul(j[0].sub(1)))
    // SRA is 3, so that no left shift with a sign reads as SRL.
    instruction(
      b,
      cycle,
      FAMILY['shift-reg'],
      [c.rd, c.rs1, c.rs2, right.add(c.arithmetic.mul(2))],
      c.pc.add(4),
    )
    readRegister(b, 'rs1', cycle, c.rs1, [c.b0, c.b1], c.tp1)
    const amount = sum([
      ...i.map((f, n) => f.mul(n)),
      ...j.map((f, n) => f.mul(4 * n)),
      c.left1.add(c.right1).mul(16),
    ])
    b.receive('rest is an integer', RANGE16, en, [c.rest])
    readRegister(b, 'rs2', cycle, c.rs2, [c.rest.mul(32).add(amount), c.c1], c.tp2)
    const power = sum(i.map((f, n) => f.mul(1 << n))).mul(sum(j.map((f, n) => f.mul(1 << (4 * n)))))
    const inverse = sum(i.map((f, n) => f.mul(1 << (4 - n)))).mul(
      sum(j.map((f, n) => f.mul(1 << (12 - 4 * n)))),
    )
    b.zero('multiplier', left.mul(power).add(right.mul(inverse)).sub(c.by))
    b.zero('whole limbs', i[0].mul(j[0]).sub(c.whole))
    signBit(b, 'sign', c.b1, c.sign, c.arithmetic)
    splitLimb(b, 'b0', en, c.whole.not().mul(c.b0).mul(c.by), c.h0, c.u0)
    splitLimb(b, 'b1', en, c.whole.not().mul(c.b1).mul(c.by), c.h1, c.u1)
    const whole0 = c.whole.mul(c.b0)
    const whole1 = c.whole.mul(c.b1)
    const leftLow = c.u0.mul(2).add(whole0)
    const leftHigh = c.u1.mul(2).add(c.h0).add(whole1)
    const rightLow = c.h0.add(c.u1.mul(2)).add(whole0)
    // For l = 0 the multiplier is 2^16 and the sign fills nothing.
    const rightHigh = c.h1.add(c.sign.mul(c.by.neg().add(65536))).add(whole1)
    b.zero(
      'low limb',
      c.left0.mul(leftLow).add(c.right0.mul(rightLow)).add(c.right1.mul(rightHigh)).sub(c.a0),
    )
    b.zero(
      'high limb',
      c.left0
        .mul(leftHigh)
        .add(c.left1.mul(leftLow))
        .add(c.right0.mul(rightHigh))
        .add(c.right1.mul(c.sign).mul(0xffff))
        .sub(c.a1),
    )
    writeRegister(b, cycle, c.rd, [c.p0, c.p1], [c.a0, c.a1], c.tp3)
  },
  rows: rowsOf('shift-reg'),
  fill(c, run) {
    const rows = putFrame(run, 'shift-reg', c, [c.rd, c.rs1, c.rs2])
    const op = romField(run, rows, 3)
    const value = gather(run, rows, 'rs2Value')
    gatherLimbs(run, rows, 'rs1Value', c.b0, c.b1)
    gatherLimbs(run, rows, 'rdAfter', c.a0, c.a1)
    const multiplier = new Uint32Array(rows.count)
    const flags = [c.left0, c.left1, c.right0, c.right1]
    const low = [undefined, c.i1, c.i2, c.i3]
    const high = [undefined, c.j1, c.j2, c.j3]
    for (let r = 0; r < rows.count; r++) {
      const amount = value[r] & 31
      const bits = amount & 15
      const isRight = op[r] & 1
      flags[2 * isRight + (amount >> 4)][r] = 1
      c.arithmetic[r] = op[r] >> 1
      const i = low[bits & 3]
      if (i) i[r] = 1
      const j = high[bits >> 2]
      if (j) j[r] = 1
      c.rest[r] = (value[r] & 0xffff) >> 5
      c.c1[r] = value[r] >>> 16
      c.by[r] = isRight === 1 ? 1 << (16 - bits) : 1 << bits
      c.whole[r] = bits === 0 ? 1 : 0
      multiplier[r] = bits === 0 ? 0 : c.by[r]
    }
    fillSign(c.arithmetic, c.b1, rows.count, c.sign)
    fillSplit(c.b0, multiplier, rows.count, c.h0, c.u0)
    fillSplit(c.b1, multiplier, rows.count, c.h1, c.u1)
  },
})
