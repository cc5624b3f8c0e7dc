import type { Chip } from '../air/chip.ts'
import type { Program } from '../air/program.ts'
import { emitCombine } from './chip-combine.ts'
import type { DenominatorForm } from './chip-forms.ts'
import { emitCount } from './chip-count.ts'
import { emitFractions, emitRunningSum } from './chip-fractions.ts'
import { denominatorEmitter } from './chip-groups.ts'
import { laneEvaluator } from './chip-lanes.ts'
import type { LaneInputs } from './chip-lanes.ts'
import type { ChipLayout } from './chip-layout.ts'
import { addExtensionProduct, foldMask, limbAccumulators } from './chip-sums.ts'
import type { LimbAccumulators } from './chip-sums.ts'
import { moduleBuilder } from './emit.ts'
import type { FunctionBuilder, Local, ModuleBuilder } from './emit.ts'
import { simd, takeLimbs } from './simd.ts'

/** What the emitters of a chip share. */
export interface ChipPlan {
  readonly chip: Chip<never>
  readonly program: Program
  /** For the fractions. */
  readonly forms: readonly DenominatorForm[]
  /** For the constraints: the first message of each group stands apart, to be scaled by the group's weight. */
  readonly scaledForms: readonly DenominatorForm[]
  readonly layout: ChipLayout
}

/**
 * The module of a chip. Each export takes the argument block and a range of row offsets in bytes, [from, to), multiples
 * of 16, and goes through it four rows at a time:
 * count, fractions -> -1, or a row offset near the offence; runningSum, constraints -> nothing.
 */
export function chipModule(plan: ChipPlan): Uint8Array {
  const m = moduleBuilder()
  emitCount(m, plan)
  emitFractions(m, plan)
  emitRunningSum(m, plan)
  emitConstraints(m, plan)
  return m.bytes()
}

/** Inputs in natural order: the row before is one word back, and that of row 0 is the last one. */
export function naturalInputs(f: FunctionBuilder, layout: ChipLayout, args: Local, off: Local): LaneInputs {
  const column = (slot: number): void => {
    f.get(args).load('i32.load', slot).get(off).op('i32.add').load('v128.load')
  }
  return {
    main: (i) => column(layout.main + 4 * i),
    preprocessed: (i) => column(layout.preprocessed + 4 * i),
    public: (i) => f.get(args).load('v128.load32_splat', layout.publics + 4 * i),
    prev(i) {
      f.get(args).load('i32.load', layout.main + 4 * i)
      f.get(off).i32(4).op('i32.sub').get(args).load('i32.load', layout.lastRow)
      f.get(off).op('select', 'i32.add')
      column(layout.main + 4 * i)
      f.temp('v128', (t) => f.tee(t).get(t).shuffle(0, 0, 1, 2))
      f.memoryLane('v128.load32_lane', 0, 0)
    },
    first() {
      f.v128(0).get(off).op('i32.eqz').lane('i32x4.replace_lane', 0)
    },
  }
}

/**
 * The constraints of four rows go to a row of values in L1, and a loop then combines them. Group constraints go to the
 * same sums as they come: w·(c·d₀·d₁ − n₀·d₁ − n₁·d₀) = (c·d − n₀·w)·d₁ − n₁·d with d = w·d₀, which is as cheap as d₀
 * since the weight w is in its coefficients.
 */
function emitConstraints(m: ModuleBuilder, { chip, program, scaledForms, layout }: ChipPlan): void {
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
      [...program.constraints, ...groupSteps(chip, program), ...scaledForms.flatMap((form) => form.atoms)],
      inputs,
    )
    program.constraints.forEach((step, j) => {
      f.get(args)
      push(step)
      f.store('v128.store', layout.values + 16 * j)
    })

    const forms = { forms: scaledForms, layout: layout.scaledForms }
    const denominators = denominatorEmitter(f, s, forms, args, mask, push)
    const sums = limbAccumulators(f, s, mask)
    const c = takeLimbs(f)
    chip.groups.forEach((group, g) => {
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
      const [first, second] = group
      const scaled = denominators.take(first)
      if (second === undefined) {
        addExtensionProduct(f, s, sums, scaled, c)
        takeAway(first, sums, (l) =>
          f.get(args).load('v128.load32_splat', layout.groupWeights + 16 * g + 4 * l),
        )
      } else {
        const inner = limbAccumulators(f, s, mask)
        addExtensionProduct(f, s, inner, scaled, c)
        takeAway(first, inner, (l) =>
          f.get(args).load('v128.load32_splat', layout.groupWeights + 16 * g + 4 * l),
        )
        inner.forEach((sum, l) => {
          sum.finish()
          f.set(c[l])
        })
        addExtensionProduct(f, s, sums, c, denominators.take(second))
        takeAway(second, sums, (l) => f.get(scaled[l]))
        denominators.give(second)
      }
      denominators.give(first)
    })
    f.give(...c)
    emitCombine(f, s, layout, args, off, sums)

    /** sums −= n·factor with n the signed multiplicity of a message. */
    function takeAway(i: number, to: LimbAccumulators, factor: (limb: number) => void): void {
      f.temp('v128', (n) => {
        if (chip.messages[i].sign === 1) {
          f.get(s.p)
          push(program.messages[i].multiplicity)
          f.op('i32x4.sub').set(n)
        } else {
          push(program.messages[i].multiplicity)
          f.set(n)
        }
        to.forEach((sum, l) => {
          f.get(n)
          factor(l)
          sum.addProduct()
        })
      })
    }
  })
}

/** The multiplicity steps of all messages, in no order. */
const groupSteps = (chip: Chip<never>, { messages }: Program): number[] =>
  chip.groups.flat().map((i) => messages[i].multiplicity)

/** The multiplicity steps that `emitNumerator` asks for over all groups. */
export function numeratorSteps(chip: Chip<never>, { steps, messages }: Program): number[] {
  return chip.groups.flatMap((group) => {
    const asked = [...new Set(group.map((i) => messages[i].multiplicity))]
    return asked.filter((step) => steps[step].kind !== 'const')
  })
}
