import { instruction, readRegister, writeRegister } from './access.ts'
import { RANGE16 } from './buses.ts'
import { FAMILY } from './families.ts'
import { gatherLimbs, putFrame, rowsOf } from './fill.ts'
import { machineChip } from './machine-chip.ts'
import type { Expr } from '@vouch/stark'

/** 2^-16 in M31: only ever applied to what a constraint shows to be 0, 2^16 or −2^16. */
export const INVERSE_2_16 = 2 ** 15

/**
 * The two quadratic expressions that vanish exactly when x + y = z mod 2^32, for limbs below 2^16: each limb's excess
 * is 0 or 2^16. Integers of at most 18 bits, so nothing wraps p.
 */
export function additionConstraints(
  x: readonly [Expr, Expr],
  y: readonly [Expr, Expr],
  z: readonly [Expr, Expr],
): [Expr, Expr] {
  const low = x[0].add(y[0]).sub(z[0])
  const high = x[1].add(y[1]).sub(z[1]).add(low.mul(INVERSE_2_16))
  return [low.mul(low.sub(65536)), high.mul(high.sub(65536))]
}

export const addChip = machineChip({
  name: 'add',
  doc: 'ADD, SUB: a = b + c, or b = a + c.',
  columns: {
    en: 'bool',
    pc: 'fetch',
    clk: 'state',
    rd: 'fetch',
    rs1: 'fetch',
    rs2: 'fetch',
    sub: 'bool',
    tp1: 'rs1 time',
    tp2: 'rs2 time',
    tp3: 'rd time',
    b0: 'rs1 before',
    b1: 'rs1 before',
    c0: 'rs2 before',
    c1: 'rs2 before',
    p0: 'rd before',
    p1: 'rd before',
    a0: 'a0 is a limb',
    a1: 'a1 is a limb',
  },
  constrain(c, b) {
    const [x, y, z] = [[c.b0, c.b1] as const, [c.c0, c.c1] as const, [c.a0, c.a1] as const]
    instruction(b, c, FAMILY.add, [c.rd, c.rs1, c.rs2, c.sub], c.pc.add(4))
    readRegister(b, 'rs1', c, c.rs1, x, c.tp1)
    readRegister(b, 'rs2', c, c.rs2, y, c.tp2)
    writeRegister(b, c, c.rd, [c.p0, c.p1], z, c.tp3)
    b.receive('a0 is a limb', RANGE16, c.en, [c.a0])
    b.receive('a1 is a limb', RANGE16, c.en, [c.a1])
    const [addLow, addHigh] = additionConstraints(x, y, z)
    b.zero('low limb of b + c', c.sub.not().mul(addLow))
    b.zero('high limb of b + c', c.sub.not().mul(addHigh))
    const [subLow, subHigh] = additionConstraints(z, y, x)
    b.zero('low limb of b - c', c.sub.mul(subLow))
    b.zero('high limb of b - c', c.sub.mul(subHigh))
  },
  rows: rowsOf('add'),
  fill(c, run) {
    const rows = putFrame(run, 'add', c, [c.rd, c.rs1, c.rs2, c.sub])
    gatherLimbs(run, rows, 'rs1Value', c.b0, c.b1)
    gatherLimbs(run, rows, 'rs2Value', c.c0, c.c1)
    gatherLimbs(run, rows, 'rdAfter', c.a0, c.a1)
  },
})
