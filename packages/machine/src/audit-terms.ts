import { EFFECT } from '@vouch/engine'
import {
  CALL,
  CALL_BUS,
  CALL_SLOT,
  EFFECT_BUS,
  EFFECT_BYTES_BUS,
  EFFECT_HIDDEN_BUS,
  RAM_SPACE,
  REGISTER_SPACE,
} from './buses.ts'
import { chipOfEffect, effectLimbs, effectTime } from './effect.ts'
import type { PublicTerm } from './public-terms.ts'

interface AnyCall {
  readonly clk: number
  readonly pc: number
}

/** Bytes [start, start + length) of the public input or the journal. */
export interface StreamSpan {
  readonly start: number
  readonly length: number
}

/** A host call as the audit log tells it. */
export type LoggedCall =
  | (AnyCall & {
      readonly kind: 'audited'
      readonly nextPc: number
      /** As `effectRows` of the engine makes them. */
      readonly effects: Uint32Array
      /** What the call moved of the two streams: such bytes are in its effects, and no chip sends them. */
      readonly publicInput?: StreamSpan
      readonly journal?: StreamSpan
    })
  | (AnyCall & {
      readonly kind: 'direct'
      readonly number: number
      readonly a0: number
      readonly a1: number
      readonly a2: number
      readonly result: number
    })
  | (AnyCall & { readonly kind: 'exit'; readonly number: number; readonly code: number })

/** The verifier's side of the log: one Call each, and its effects. Everything is received: multiplicity -1. */
export function* listCallTerms(calls: readonly LoggedCall[]): Generator<PublicTerm> {
  for (const call of calls) {
    const next = call.kind === 'audited' ? call.nextPc : call.kind === 'direct' ? call.pc + 4 : 0
    yield term(CALL_BUS, [call.clk, CALL[call.kind], call.pc, next])
    if (call.kind === 'audited') yield* listEffects(call.clk, call.effects)
    else {
      yield register(call.clk, 17, call.number)
      if (call.kind === 'exit') yield register(call.clk, 10, call.code)
      else {
        yield register(call.clk, 10, call.a0)
        yield register(call.clk, 11, call.a1)
        yield register(call.clk, 12, call.a2)
        yield register(call.clk, 10, call.result, 1)
      }
    }
  }
}

const term = (bus: PublicTerm['bus'], tuple: readonly number[]): PublicTerm => ({
  bus,
  multiplicity: -1,
  tuple,
})

const register = (clk: number, slot: number, value: number, write: 0 | 1 = 0): PublicTerm =>
  term(EFFECT_BUS, [
    4 * clk + (write === 0 ? CALL_SLOT.read : CALL_SLOT.write),
    REGISTER_SPACE,
    write,
    slot,
    value & 0xffff,
    value >>> 16,
  ])

function* listEffects(clk: number, rows: Uint32Array): Generator<PublicTerm> {
  const { at } = EFFECT
  for (let row = 0; row < rows.length; row += EFFECT.words) {
    const flags = rows[row]
    const addr = rows[row + at.address]
    const space = (flags & EFFECT.register) !== 0 ? REGISTER_SPACE : RAM_SPACE
    const write = (flags & EFFECT.write) === 0 ? 0 : 1
    const ts = effectTime(clk, flags)
    const [v0, v1] = effectLimbs(flags, addr, rows[row + at.after])
    const chip = chipOfEffect(flags)
    if (chip === 'effect') yield term(EFFECT_BUS, [ts, space, write, addr, v0, v1])
    else if (chip === 'effect-hidden') yield term(EFFECT_HIDDEN_BUS, [ts, addr])
    else yield term(EFFECT_BYTES_BUS, [ts, addr, (flags >>> EFFECT.changed) & 0xff, v0, v1])
  }
}
