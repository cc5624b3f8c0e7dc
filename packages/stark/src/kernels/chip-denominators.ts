import type { DenominatorForm } from './chip-forms.ts'
import type { LaneEvaluator } from './chip-lanes.ts'
import { accumulator } from './chip-sums.ts'
import type { ChipLayout } from './chip-layout.ts'
import type { FunctionBuilder, Local } from '@vouch/wasm'
import { addLimbs, takeLimbs } from './simd.ts'
import type { Limbs, Simd } from './simd.ts'

export interface DenominatorEmitter {
  /** The denominator of a message; computed at the first call, with those it builds on. */
  take(message: number): Limbs
  /** Tells that the message itself is done with it. */
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
