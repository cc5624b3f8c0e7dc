import type { FunctionBuilder, Local } from '@vouch/wasm'
import type { Chip } from '../air/chip.ts'
import type { Program } from '../air/program.ts'
import type { DenominatorForm } from './chip-forms.ts'
import { multiplyByConstant } from './chip-lanes.ts'
import type { LaneEvaluator } from './chip-lanes.ts'
import { accumulator } from './chip-sums.ts'
import type { ChipLayout } from './chip-layout.ts'
import { addLimbs, mulLimbsBase, subLimbs, takeLimbs } from './simd.ts'
import type { Limbs, Simd } from './simd.ts'

export interface DenominatorEmitter {
  /** The denominator of a message; computed at the first call, with those it builds on. */
  take(message: number): Limbs
  /** Tells that the message's own group is done with it. */
  give(message: number): void
}

/** Denominators of four rows. Sums run in 64 bits and are reduced once a limb. */
export function denominatorEmitter(
  f: FunctionBuilder,
  s: Simd,
  { forms, layout }: { readonly forms: readonly DenominatorForm[]; readonly layout: ChipLayout },
  args: Local,
  mask: Local,
  push: LaneEvaluator,
): DenominatorEmitter {
  const uses = forms.map((_, i) => 1 + forms.filter((form) => form.base === i).length)
  const held = new Map<number, Limbs>()
  const release = (i: number): void => {
    if (--uses[i] > 0) return
    f.give(...held.get(i)!)
    held.delete(i)
  }
  const build = (i: number): Limbs => {
    const { base, atoms } = forms[i]
    const to = takeLimbs(f)
    const under = base === undefined ? undefined : take(base)
    const sums = to.map(() => accumulator(f, s, mask))
    sums.forEach((sum, l) => {
      f.get(args).load('v128.load64_splat', layout.constants[i] + 8 * l)
      sum.start()
    })
    f.temp('v128', (value) => {
      atoms.forEach((atom, t) => {
        push(atom)
        f.set(value)
        sums.forEach((sum, l) => {
          f.get(value, args).load('v128.load32_splat', layout.atoms[i] + 16 * t + 4 * l)
          sum.addProduct()
        })
      })
    })
    sums.forEach((sum, l) => {
      sum.finish()
      f.set(to[l])
    })
    if (under !== undefined) {
      addLimbs(f, s, to, under, to)
      release(base!)
    }
    held.set(i, to)
    return to
  }
  const take = (i: number): Limbs => held.get(i) ?? build(i)
  return { take, give: release }
}

/** Σ n_i·Π_{j≠i} d_j of a group up to a sign: over M31 for one message, pushed on demand, else over QM31. */
export type Numerator =
  | { readonly kind: 'base'; readonly sign: 1 | -1; readonly one: boolean; readonly push: () => void }
  | { readonly kind: 'extension'; readonly sign: 1 | -1; readonly limbs: Limbs }

/** The numerator of a group; its limbs are the caller's to give back. Asks for each multiplicity step once. */
export function emitNumerator(
  f: FunctionBuilder,
  s: Simd,
  { chip, program }: { readonly chip: Chip<never>; readonly program: Program },
  group: readonly number[],
  denominators: readonly Limbs[],
  push: LaneEvaluator,
): Numerator {
  const steps = group.map((i) => program.messages[i].multiplicity)
  const signs = group.map((i) => chip.messages[i].sign)
  const constant = (step: number): number | undefined => {
    const st = program.steps[step]
    return st.kind === 'const' ? st.value : undefined
  }
  if (group.length === 1)
    return { kind: 'base', sign: signs[0], one: constant(steps[0]) === 1, push: () => push(steps[0]) }
  const scale = (x: Limbs, step: number, to: Limbs): void => {
    const c = constant(step)
    if (c === undefined) {
      f.temp('v128', (doubled) => {
        push(step)
        s.double()
        f.set(doubled)
        mulLimbsBase(f, s, x, doubled, to)
      })
      return
    }
    x.forEach((limb, l) => {
      f.get(limb)
      multiplyByConstant(f, s, c)
      f.set(to[l])
    })
  }
  const combine = signs[0] === signs[1] ? addLimbs : subLimbs
  const limbs = takeLimbs(f)
  const [d0, d1] = denominators
  if (steps[0] === steps[1]) {
    combine(f, s, d1, d0, limbs)
    scale(limbs, steps[0], limbs)
  } else {
    const other = takeLimbs(f)
    scale(d1, steps[0], limbs)
    scale(d0, steps[1], other)
    combine(f, s, limbs, other, limbs)
    f.give(...other)
  }
  return { kind: 'extension', sign: signs[0], limbs }
}

/** The multiplicity steps that `emitNumerator` asks for over all groups. */
export function numeratorSteps(chip: Chip<never>, { steps, messages }: Program): number[] {
  return chip.groups.flatMap((group) => {
    const asked = [...new Set(group.map((i) => messages[i].multiplicity))]
    return asked.filter((step) => steps[step].kind !== 'const')
  })
}

/** d = the product of a group's one or two denominators. */
export function multiplyDenominators(
  f: FunctionBuilder,
  multiply: FunctionBuilder,
  own: readonly Limbs[],
  d: Limbs,
): void {
  if (own.length === 2)
    f.get(...own[0], ...own[1])
      .call(multiply)
      .set(...d)
  else own[0].forEach((limb, l) => f.get(limb).set(d[l]))
}
