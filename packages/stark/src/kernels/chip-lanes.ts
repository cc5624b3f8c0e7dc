import type { FunctionBuilder, Local } from '@vouch/wasm'
import type { Step } from '../air/program.ts'
import type { RowPolynomial } from '../air/expr.ts'
import { P, fromInteger } from '../field/m31.ts'
import type { ChipLayout } from './chip-layout.ts'
import type { Simd } from './simd.ts'

/** How the inputs of four rows are read; each pushes a vector in [0, P]. */
export interface LaneInputs {
  main(index: number): void
  prev(index: number): void
  preprocessed(index: number): void
  public(index: number): void
  first(): void
  row(terms: RowPolynomial): void
}

/** Inputs in natural order: the row before is one word back, and that of row 0 is the last one. */
export function naturalInputs(
  f: FunctionBuilder,
  s: Simd,
  layout: ChipLayout,
  args: Local,
  off: Local,
): LaneInputs {
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
    row(terms) {
      const [index, sum] = [f.take('v128'), f.take('v128')]
      f.get(off).i32(2).op('i32.shr_u', 'i32x4.splat').v128(0, 1, 2, 3).op('i32x4.add').set(index)
      f.v128(0).set(sum)
      for (const { coefficient, bits } of terms) {
        const mask = bits.reduce((m, bit) => m | (1 << bit), 0)
        f.get(sum, index).v128(mask).op('v128.and').v128(mask).op('i32x4.eq')
        f.v128(fromInteger(coefficient)).op('v128.and')
        s.add()
        f.set(sum)
      }
      f.get(sum)
      f.give(sum, index)
    },
  }
}

/** Pushes the values of a step for four rows, in [0, P]. Each step is computed once and kept while it has uses left. */
export type LaneEvaluator = (step: number) => void

/**
 * `requests` is the multiset of steps that will be asked for, one an evaluator call: it tells when a step's local can
 * be given back.
 */
export function laneEvaluator(
  f: FunctionBuilder,
  s: Simd,
  steps: readonly Step[],
  requests: readonly number[],
  inputs: LaneInputs,
): LaneEvaluator {
  const left = new Map<number, number>()
  const use = (i: number): void => {
    const uses = left.get(i) ?? 0
    left.set(i, uses + 1)
    const step = steps[i]
    if (uses === 0 && 'a' in step) {
      use(step.a)
      use(step.b)
    }
  }
  for (const i of requests) use(i)

  const held = new Map<number, Local>()
  const constantOf = (i: number): number | undefined => {
    const step = steps[i]
    return step.kind === 'const' ? step.value : undefined
  }
  const compute = (step: Step): void => {
    switch (step.kind) {
      case 'const':
        f.v128(step.value)
        return
      case 'first':
        inputs.first()
        return
      case 'row':
        inputs.row(step.terms)
        return
      case 'main':
      case 'prev':
      case 'preprocessed':
      case 'public':
        inputs[step.kind](step.index)
        return
      case 'add':
        push(step.a)
        push(step.b)
        s.add()
        return
      case 'sub':
        if (constantOf(step.a) === 0) {
          f.get(s.p)
          push(step.b)
          f.op('i32x4.sub')
          return
        }
        push(step.a)
        push(step.b)
        s.sub()
        return
      case 'mul': {
        const [ca, cb] = [constantOf(step.a), constantOf(step.b)]
        if (ca !== undefined || cb !== undefined) {
          push(ca === undefined ? step.a : step.b)
          multiplyByConstant(f, s, ca ?? cb!)
          return
        }
        push(step.a)
        push(step.b)
        s.mul()
      }
    }
  }
  const push = (i: number): void => {
    const step = steps[i]
    if (step.kind === 'const' || step.kind === 'public') {
      compute(step)
      return
    }
    const uses = left.get(i)! - 1
    left.set(i, uses)
    const local = held.get(i)
    if (local !== undefined) {
      f.get(local)
      if (uses === 0) {
        held.delete(i)
        f.give(local)
      }
      return
    }
    compute(step)
    if (uses > 0) {
      const kept = f.take('v128')
      held.set(i, kept)
      f.tee(kept)
    }
  }
  return push
}

/** [x] -> [c·x]. A power of two is a rotation of the 31 bits, a negated one the same and a complement. */
export function multiplyByConstant(f: FunctionBuilder, s: Simd, c: number): void {
  const rotate = (k: number): void => {
    if (k === 0) return
    f.temp('v128', (t) => {
      f.tee(t).i32(k).op('i32x4.shl').get(s.p).op('v128.and')
      f.get(t)
        .i32(31 - k)
        .op('i32x4.shr_u', 'v128.or')
    })
  }
  const logOf = (n: number): number | undefined => (Number.isInteger(Math.log2(n)) ? Math.log2(n) : undefined)
  const [plus, minus] = [logOf(c), logOf(P - c)]
  if (plus !== undefined) rotate(plus)
  else if (minus !== undefined) {
    rotate(minus)
    f.temp('v128', (t) => f.set(t).get(s.p, t).op('i32x4.sub'))
  } else {
    f.v128(2 * c)
    s.mulDoubled()
  }
}
