import { denominatorEmitter } from './chip-denominators.ts'
import { laneEvaluator, naturalInputs } from './chip-lanes.ts'
import { TARGET_BYTES } from './chip-layout.ts'
import type { ChipPlan } from './chip-layout.ts'
import { foldMask } from './chip-sums.ts'
import type { ModuleBuilder } from '@vouch/wasm'
import { simd } from './simd.ts'

/** Signed multiplicity and denominator of every message, each to its own target. */
export function emitFractions(m: ModuleBuilder, { chip, program, forms, layout }: ChipPlan): void {
  const f = m.func('fractions', ['i32', 'i32', 'i32'])
  const s = simd(f)
  const [args, from, to] = f.params
  const off = f.local('i32')
  const mask = foldMask(f)
  const store = (message: number, word: number, value: () => void): void => {
    f.get(args)
      .load('i32.load', layout.targets + TARGET_BYTES * message + 4 * word)
      .get(off)
      .op('i32.add')
    value()
    s.canonical()
    f.store('v128.store')
  }
  f.get(from).set(off)
  f.while(off, to, 16, () => {
    const multiplicities = program.messages.map((message) => message.multiplicity)
    const push = laneEvaluator(
      f,
      s,
      program.steps,
      [...multiplicities, ...forms.flatMap((form) => form.atoms)],
      naturalInputs(f, layout, args, off),
    )
    const denominators = denominatorEmitter(f, s, { forms, layout }, args, mask, push)
    chip.messages.forEach(({ sign }, i) => {
      store(i, 0, () => {
        if (sign === -1) f.get(s.p)
        push(multiplicities[i])
        if (sign === -1) f.op('i32x4.sub')
      })
      denominators.take(i).forEach((limb, l) => store(i, 1 + l, () => f.get(limb)))
      denominators.give(i)
    })
  })
}
