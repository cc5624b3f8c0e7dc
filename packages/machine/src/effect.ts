import { EFFECT, PUBLIC_CURSOR, SHOWN_READ, SHOWN_WRITE } from '@vouch/engine'
import { access } from './access.ts'
import { CALL_SLOT, EFFECT_BUS } from './buses.ts'
import { foundAt } from './gaps.ts'
import { machineChip } from './machine-chip.ts'
import type { Run } from './run.ts'

const { words, at } = EFFECT

/** The chip that proves an effect. */
export type EffectChip = 'effect' | 'effect-hidden' | 'effect-bytes'

const HIDDEN_WRITE = EFFECT.write | (15 << EFFECT.changed)

/** By what the log shows of the word that an effect leaves: all, none, or some bytes. */
export function chipOfEffect(flags: number): EffectChip {
  const kind = flags & ~EFFECT.register
  if (kind === SHOWN_READ || kind === SHOWN_WRITE) return 'effect'
  return kind === HIDDEN_WRITE ? 'effect-hidden' : 'effect-bytes'
}

/** Calls `use` with every effect of a run. */
export function eachEffect(
  { audited }: Pick<Run, 'audited'>,
  use: (clk: number, effects: Uint32Array, row: number) => void,
): void {
  for (const { clk, effects } of audited)
    for (let row = 0; row < effects.length; row += words) use(clk, effects, row)
}

/** Calls `use` with every effect of a chip, and the chip's row for it. */
export function eachRow(
  run: Pick<Run, 'audited'>,
  chip: EffectChip,
  use: (i: number, clk: number, effects: Uint32Array, row: number) => void,
): void {
  let i = 0
  eachEffect(run, (clk, effects, row) => {
    if (chipOfEffect(effects[row]) === chip) use(i++, clk, effects, row)
  })
}

/** The time of an effect. */
export const effectTime = (clk: number, flags: number): number =>
  4 * clk + ((flags & EFFECT.write) === 0 ? CALL_SLOT.read : CALL_SLOT.write)

/** The limbs of an effect's value; host registers hold one field element each. */
export const effectLimbs = (flags: number, addr: number, value: number): [number, number] =>
  (flags & EFFECT.register) !== 0 && addr >= PUBLIC_CURSOR ? [value, 0] : [value & 0xffff, value >>> 16]

export const effectChip = machineChip({
  name: 'effect',
  doc: 'A register or a whole memory word that an audited call read, or wrote with what the log shows.',
  columns: {
    en: 'bool',
    ts: 'effect',
    space: 'effect',
    write: 'effect',
    addr: 'effect',
    b0: 'word before',
    b1: 'word before',
    a0: 'effect',
    a1: 'effect',
    prev: 'word time',
  },
  constrain(c, b) {
    access(b, {
      name: 'word',
      space: c.space,
      addr: c.addr,
      before: [c.b0, c.b1],
      after: [c.a0, c.a1],
      prev: c.prev,
      now: c.ts,
      enabled: c.en,
    })
    // The verifier receives 0 or 1 as `write`, and limbs: nothing here needs a range of its own.
    b.zero('a read keeps the low limb', c.write.not().mul(c.a0.sub(c.b0)))
    b.zero('a read keeps the high limb', c.write.not().mul(c.a1.sub(c.b1)))
    b.send('effect', EFFECT_BUS, c.en, [c.ts, c.space, c.write, c.addr, c.a0, c.a1])
  },
  rows: (run) => run.effects.effect,
  fill(c, run) {
    eachRow(run, 'effect', (i, clk, effects, row) => {
      const flags = effects[row]
      const addr = effects[row + at.address]
      const ts = effectTime(clk, flags)
      const register = (flags & EFFECT.register) !== 0
      c.en[i] = 1
      c.ts[i] = ts
      c.space[i] = register ? 1 : 0
      c.write[i] = (flags & EFFECT.write) === 0 ? 0 : 1
      c.addr[i] = addr
      ;[c.b0[i], c.b1[i]] = effectLimbs(flags, addr, effects[row + at.before])
      ;[c.a0[i], c.a1[i]] = effectLimbs(flags, addr, effects[row + at.after])
      c.prev[i] = foundAt(ts, effects[row + at.prev])
    })
  },
})
