import type { ModuleBuilder } from '@vouch/wasm'
import { emitCombine } from './chip-combine.ts'
import { denominatorEmitter, emitNumerator, multiplyDenominators, numeratorSteps } from './chip-groups.ts'
import { laneEvaluator } from './chip-lanes.ts'
import type { LaneInputs } from './chip-lanes.ts'
import type { ChipPlan } from './chip-layout.ts'
import type { SharedFunctions } from './chip-shared.ts'
import { foldMask } from './chip-sums.ts'
import { addLimbs, simd, subLimbs, takeLimbs } from './simd.ts'

/** The constraints and group constraints of four rows go to a row of values in L1; a loop then combines them. */
export function emitConstraints(
  m: ModuleBuilder,
  { chip, program, forms, layout }: ChipPlan,
  { multiply }: SharedFunctions,
): void {
  const f = m.func('constraints', ['i32', 'i32', 'i32'])
  const s = simd(f)
  const [args, from, to] = f.params
  const off = f.local('i32')
  const gathers = [0, 1, 2, 3].map(() => f.local('i32'))
  const gather = (slot: number): void => {
    for (const g of [3, 2, 1, 0]) f.get(args).load('i32.load', slot).get(gathers[g]).op('i32.add')
    f.load('v128.load32_zero')
    for (const lane of [1, 2, 3]) f.memoryLane('v128.load32_lane', 0, lane)
  }
  const column = (slot: number): void => {
    f.get(args).load('i32.load', slot).get(off).op('i32.add').load('v128.load')
  }
  const inputs: LaneInputs = {
    main: (i) => column(layout.main + 4 * i),
    preprocessed: (i) => column(layout.preprocessed + 4 * i),
    public: (i) => f.get(args).load('v128.load32_splat', layout.publics + 4 * i),
    prev: (i) => gather(layout.main + 4 * i),
    first: () => column(layout.first),
  }
  const last = chip.groups.length - 1
  const mask = foldMask(f)

  f.get(from).set(off)
  f.while(off, to, 16, () => {
    gathers.forEach((g, lane) => {
      f.get(args).load('i32.load', layout.prev).get(off).op('i32.add')
      f.load('i32.load', 4 * lane)
        .i32(2)
        .op('i32.shl')
        .set(g)
    })
    const push = laneEvaluator(
      f,
      s,
      program.steps,
      [...program.constraints, ...numeratorSteps(chip, program), ...forms.flatMap((form) => form.atoms)],
      inputs,
    )
    const storeValue = (term: number, value: () => void): void => {
      f.get(args)
      value()
      f.store('v128.store', layout.values + 16 * term)
    }
    program.constraints.forEach((step, j) => storeValue(j, () => push(step)))

    const denominators = denominatorEmitter(f, s, { forms, layout }, args, mask, push)
    const c = takeLimbs(f)
    const d = takeLimbs(f)
    chip.groups.forEach((group, g) => {
      const own = group.map((i) => denominators.take(i))
      const numerator = emitNumerator(f, s, { chip, program }, group, own, push)
      multiplyDenominators(f, multiply, own, d)
      for (const i of group) denominators.give(i)
      c.forEach((limb, l) => {
        column(layout.interaction + 16 * g + 4 * l)
        if (g === last) {
          gather(layout.interaction + 16 * g + 4 * l)
          s.sub()
          f.get(args).load('v128.load32_splat', layout.share + 4 * l)
          s.add()
          for (let other = 0; other < last; other++) {
            column(layout.interaction + 16 * other + 4 * l)
            s.sub()
          }
        }
        f.set(limb)
      })
      f.get(...c, ...d)
        .call(multiply)
        .set(...d)
      if (numerator.kind === 'extension') {
        const combine = numerator.sign === 1 ? subLimbs : addLimbs
        combine(f, s, d, numerator.limbs, d)
        f.give(...numerator.limbs)
      } else {
        f.get(d[0])
        numerator.push()
        if (numerator.sign === 1) s.sub()
        else s.add()
        f.set(d[0])
      }
      d.forEach((limb, l) => storeValue(program.constraints.length + 4 * g + l, () => f.get(limb)))
    })
    f.give(...c, ...d)
    emitCombine(f, s, layout, args, off, mask)
  })
}
