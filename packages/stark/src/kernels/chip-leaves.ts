import { P } from '../field/m31.ts'
import { denominatorEmitter } from './chip-groups.ts'
import { laneEvaluator, naturalInputs } from './chip-lanes.ts'
import { LEAF_BYTES } from './chip-layout.ts'
import type { ChipPlan } from './chip-layout.ts'
import { foldMask } from './chip-sums.ts'
import type { ModuleBuilder } from './emit.ts'
import { simd } from './simd.ts'
import { eachBlock, emitBlocks } from './wasm-blocks.ts'

/** The leaves of the fraction tree for all messages of some rows: a numerator and four limbs each, by the addresses in `leaves`. */
export function emitLeaves(m: ModuleBuilder, { chip, program, forms, layout }: ChipPlan): void {
  const { copy } = emitBlocks(m)
  const f = m.func('leaves', ['i32', 'i32', 'i32'])
  const s = simd(f)
  const [args, block, to] = f.params
  const [off, end, at] = [f.local('i32'), f.local('i32'), f.local('i32')]
  const mask = foldMask(f)
  const store = (message: number, limb: number, value: () => void): void => {
    f.get(at)
    value()
    s.canonical()
    f.store('v128.store', layout.leafBlocks + LEAF_BYTES * (5 * message + limb))
  }
  const row = (): void => {
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
      store(i, 0, () => {
        const step = program.steps[multiplicity]
        if (step.kind === 'const') f.v128(sign === 1 ? step.value : P - step.value)
        else if (sign === 1) push(multiplicity)
        else {
          f.get(s.p)
          push(multiplicity)
          f.op('i32x4.sub')
        }
      })
      denominators.take(i).forEach((limb, l) => store(i, l + 1, () => f.get(limb)))
      denominators.give(i)
    })
  }
  eachBlock(f, block, to, LEAF_BYTES, (bytes) => {
    f.get(args).set(at).get(block).tee(off).get(bytes).op('i32.add').set(end)
    f.while(off, end, 16, () => {
      row()
      f.increment(at, 16)
    })
    const [plane, source] = [f.take('i32'), f.take('i32')]
    f.get(args).set(plane).get(args).i32(layout.leafBlocks).op('i32.add').set(source)
    f.get(args)
      .i32(20 * chip.messages.length)
      .op('i32.add')
      .set(end)
    f.while(plane, end, 4, () => {
      f.get(source, plane).load('i32.load', layout.leaves).get(block).op('i32.add').get(bytes).call(copy)
      f.increment(source, LEAF_BYTES)
    })
    f.give(plane, source)
  })
}
