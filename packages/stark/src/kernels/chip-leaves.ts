import { P } from '../field/m31.ts'
import { denominatorEmitter } from './chip-groups.ts'
import { laneEvaluator, naturalInputs } from './chip-lanes.ts'
import type { ChipPlan } from './chip-layout.ts'
import { foldMask } from './chip-sums.ts'
import type { ModuleBuilder } from './emit.ts'
import { simd } from './simd.ts'

/** The leaves of the fraction tree for all messages of four rows: a numerator and four limbs each, by the addresses in `leaves`. */
export function emitLeaves(m: ModuleBuilder, { chip, program, forms, layout }: ChipPlan): void {
  const f = m.func('leaves', ['i32', 'i32', 'i32'])
  const s = simd(f)
  const [args, off, to] = f.params
  const mask = foldMask(f)
  const store = (message: number, limb: number, value: () => void): void => {
    f.get(args)
      .load('i32.load', layout.leaves + 20 * message + 4 * limb)
      .get(off)
      .op('i32.add')
    value()
    f.store('v128.store')
  }
  f.while(off, to, 16, () => {
    const push = laneEvaluator(
      f,
      s,
      program.steps,
      [...program.messages.map((message) => message.multiplicity), ...forms.flatMap((form) => form.atoms)],
      naturalInputs(f, layout, args, off),
    )
    const denominators = denominatorEmitter(f, s, { forms, layout }, args, mask, push)
    chip.messages.forEach(({ sign }, i) => {
      const { multiplicity } = program.messages[i]
      const step = program.steps[multiplicity]
      store(i, 0, () => {
        if (step.kind === 'const') {
          f.v128(sign === 1 || step.value === 0 ? step.value : P - step.value)
          return
        }
        if (sign === -1) f.get(s.p)
        push(multiplicity)
        if (sign === -1) f.op('i32x4.sub')
        s.canonical()
      })
      denominators.take(i).forEach((limb, l) =>
        store(i, l + 1, () => {
          f.get(limb)
          s.canonical()
        }),
      )
      denominators.give(i)
    })
  })
}
