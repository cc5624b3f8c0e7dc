import { MEM, RAM_SPACE, RANGE16, REGISTER_SPACE, ROM, SLOT, STATE } from './buses.ts'
import type { Builder, Expr } from '@vouch/stark'

/** A 32-bit value as two limbs: v0 + 2^16·v1. */
export type Limbs = readonly [Expr | number, Expr | number]

/** What an access leaves, by case: in the one whose flag is 1. The flags are bits, and add up to `enabled`. */
export type Cases = Readonly<Record<string, { readonly flag: Expr; readonly value: Limbs }>>

const isLimbs = (after: Limbs | Cases): after is Limbs => Array.isArray(after)

/** One access, as every chip writes it. `enabled` is 1 where it happens and 0 elsewhere. */
export interface Access {
  readonly name: string
  readonly space: Expr | number
  readonly addr: Expr | number
  readonly before: Limbs
  readonly after: Limbs | Cases
  /** Column with the timestamp of the access before this one. */
  readonly prev: Expr
  /** Timestamp of this one. */
  readonly now: Expr
  readonly enabled: Expr
}

/** The timestamp of slot `slot` in cycle `clk`. */
export const time = (clk: Expr, slot: number): Expr => clk.mul(4).add(slot)

/**
 * Takes the value of the previous access, leaves the new one, and shows that time grew: own − prev − 1 ∈ [0, 2^16).
 * Strictly, so that no access can serve itself. Longer gaps go through the gap chip.
 */
export function access(b: Builder, a: Access): void {
  const { now, after } = a
  b.receive(`${a.name} before`, MEM, a.enabled, [a.space, a.addr, a.before[0], a.before[1], a.prev])
  const leave = (name: string, flag: Expr, [v0, v1]: Limbs): void =>
    b.send(name, MEM, flag, [a.space, a.addr, v0, v1, now])
  if (isLimbs(after)) leave(`${a.name} after`, a.enabled, after)
  else
    for (const [name, { flag, value }] of Object.entries(after)) leave(`${a.name} after ${name}`, flag, value)
  b.receive(`${a.name} time`, RANGE16, a.enabled, [now.sub(a.prev).sub(1)])
}

interface Cycle {
  readonly pc: Expr
  readonly clk: Expr
  readonly en: Expr
}

/** rs1 at slot 0, or rs2 at slot 1: what comes out is what was there. */
export function readRegister(
  b: Builder,
  slot: 'rs1' | 'rs2',
  c: Cycle,
  register: Expr | number,
  value: Limbs,
  prev: Expr,
): void {
  access(b, {
    name: slot,
    space: REGISTER_SPACE,
    addr: register,
    before: value,
    after: value,
    prev,
    now: time(c.clk, SLOT[slot]),
    enabled: c.en,
  })
}

/** rd at slot 3. `after` must be in range by the chip's own constraints. */
export function writeRegister(
  b: Builder,
  c: Cycle,
  register: Expr | number,
  before: Limbs,
  after: Limbs | Cases,
  prev: Expr,
): void {
  access(b, {
    name: 'rd',
    space: REGISTER_SPACE,
    addr: register,
    before,
    after,
    prev,
    now: time(c.clk, SLOT.rd),
    enabled: c.en,
  })
}

/** The word at `addr`, at slot 2. Only words with 4-aligned addresses in RAM exist, so no other `addr` balances. */
export function accessWord(
  b: Builder,
  c: Cycle,
  addr: Expr,
  before: Limbs,
  after: Limbs | Cases,
  prev: Expr,
): void {
  access(b, {
    name: 'memory',
    space: RAM_SPACE,
    addr,
    before,
    after,
    prev,
    now: time(c.clk, SLOT.memory),
    enabled: c.en,
  })
}

/**
 * The frame of an instruction: it is fetched from the ROM in the very row that takes (pc, clk), so a row cannot run
 * another instruction than the one at its pc. `next` is the pc that follows.
 */
export function instruction(
  b: Builder,
  c: Cycle,
  family: Expr | number,
  fields: readonly (Expr | number)[],
  next: Expr,
): void {
  fetch(b, c, family, fields)
  b.send('next state', STATE, c.en, [next, c.clk.add(1)])
}

/** `instruction` without its last message: the chip sends one next state in every enabled row. */
export function fetch(b: Builder, c: Cycle, family: Expr | number, fields: readonly (Expr | number)[]): void {
  const padded = [...fields, 0, 0, 0, 0, 0, 0].slice(0, 6)
  b.receive('state', STATE, c.en, [c.pc, c.clk])
  b.receive('fetch', ROM, c.en, [family, c.pc, ...padded])
}

/**
 * rs1 + imm as an address, exact and modulo 2^32.
 *
 * Modulo p alone a base of 2^31 or more would alias a low address. With `wrap` = 0 the check forces b1 <= 21845, so
 * that b + imm < 1.44e9 < p; with `wrap` = 1 it forces b1 = 65535 and the sum has lost 2^32. Bases between have no
 * address below 2^30 anyway. A negative sum is p − small, where no word and no instruction lives.
 */
export function address(b: Builder, c: Cycle, base: readonly [Expr, Expr], wrap: Expr, imm: Expr): Expr {
  b.receive('base does not alias', RANGE16, c.en, [base[1].sub(wrap.mul(65535)).mul(3)])
  return base[0].add(base[1].sub(wrap.mul(65536)).mul(65536)).add(imm)
}
