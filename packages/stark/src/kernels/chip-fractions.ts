import type { ModuleBuilder } from '@vouch/wasm'
import { denominatorEmitter } from './chip-denominators.ts'
import { laneEvaluator, naturalInputs } from './chip-lanes.ts'
import { LEAF_BYTES, TARGET_BYTES } from './chip-layout.ts'
import type { ChipPlan } from './chip-layout.ts'
import { foldMask } from './chip-sums.ts'
import { simd } from './simd.ts'
import { eachBlock, emitBlocks } from './wasm-blocks.ts'

/** Signed multiplicity and denominator of every message, each to its own target, a block of rows at a time. */
export function emitFractions(m: ModuleBuilder, { chip, program, forms, layout }: ChipPlan): void {
  const { copy } = emitBlocks(m)
  const f = m.func('fractions', ['i32', 'i32', 'i32'])
  const s = simd(f)
  const [args, block, to] = f.params
  const [off, end, at] = [f.local('i32'), f.local('i32'), f.local('i32')]
  const mask = foldMask(f)
  const store = (message: number, word: number, value: () => void): void => {
    f.get(at)
    value()
    s.canonical()
    f.store('v128.store', layout.leafBlocks + LEAF_BYTES * (5 * message + word))
  }
  const row = (): void => {
    const multiplicities = program.messages.map((message) => message.multiplicity)
    const push = laneEvaluator(
      f,
      s,
      program.steps,
      [...multiplicities, ...forms.flatMap((form) => form.atoms)],
      naturalInputs(f, s, layout, args, off),
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
  }
  eachBlock(f, block, to, LEAF_BYTES, (bytes) => {
    f.get(args).set(at).get(block).tee(off).get(bytes).op('i32.add').set(end)
    f.while(off, end, 16, () => {
      row()
      f.increment(at, 16)
    })
    const [target, source] = [f.take('i32'), f.take('i32')]
    f.get(args).set(target).get(args).i32(layout.leafBlocks).op('i32.add').set(source)
    f.get(args)
      .i32(TARGET_BYTES * chip.messages.length)
      .op('i32.add')
      .set(end)
    f.while(target, end, 4, () => {
      f.get(source, target).load('i32.load', layout.targets).get(block).op('i32.add').get(bytes).call(copy)
      f.increment(source, LEAF_BYTES)
    })
    f.give(target, source)
  })
}
