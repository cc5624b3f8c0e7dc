import type { FunctionBuilder, Global, Local, ModuleBuilder } from '@vouch/wasm'
import { addLimbs, mulLimbs, simd, takeLimbs } from './simd.ts'
import {
  WIDE_PRODUCT_BYTES,
  accumulateProducts,
  finishProduct,
  loadOperand,
  operand,
  storeOperand,
  sumLimbProducts,
} from './simd-products.ts'
import { emitBinds } from './wasm-bind.ts'
import { eachBlock } from './wasm-blocks.ts'
import type { BlockFunctions } from './wasm-blocks.ts'
import {
  BLOCK,
  CHALLENGE,
  FIXED,
  LAMBDA,
  LAYER,
  WORK,
  eachPlane,
  planeAt,
  valuesAt,
  workAt,
} from './wasm-layer.ts'

/** Where a round finds its factors at X = 0, and their differences; each with room for what is fixed. */
const VALUES = { values: WORK.values, fixed: WORK.fixed } as const
const STEPS = { values: WORK.steps, fixed: WORK.fixed + FIXED.bytes } as const

/**
 * A round of a layer's sumcheck. `args` is LAYER; each goes over byte offsets [from, to) of the entries that differ in
 * more than the round's bit, multiples of 16, and writes only to them, and four lanes a limb to `sums`. The variants
 * `…Base` are for numerators in M31.
 *
 * roundSquare[Base](args, from, to, sums)    the coefficient of X²
 * bindFirst[Base](args, from, to, sums)      binds the bit before, joins lambda·d1 to n1; h(0), the coefficient of X²
 * bindNext(args, from, to, sums)             the same with what is joined already
 */
export function emitRounds(m: ModuleBuilder, scratch: Global, blocks: BlockFunctions): void {
  const { bind, bindBase, join } = emitBinds(m, scratch)
  const tools = { weigh: emitWeigh(m), settle: emitSettle(m), copy: blocks.copy }
  for (const base of [false, true])
    emitRound(m, scratch, `roundSquare${base ? 'Base' : ''}`, [STEPS], {
      ...tools,
      summand: emitSummand(m, scratch, base, false),
      load: (f, args, off, bytes) => {
        const distance = f.take('i32')
        f.get(args).load('i32.load', LAYER.distance).set(distance)
        eachPlane(f, args, off, base, (address, place) =>
          workAt(scratch, f.get(address, distance), WORK.steps + place)
            .get(bytes)
            .call(blocks.subtract),
        )
        f.give(distance)
      },
    })
  const summand = emitSummand(m, scratch, false, true)
  for (const [name, base, first] of [
    ['bindFirst', false, true],
    ['bindFirstBase', true, true],
    ['bindNext', false, false],
  ] as const)
    emitRound(m, scratch, name, [VALUES, STEPS], {
      ...tools,
      summand,
      load: (f, args, off, bytes) => {
        const [at, span, quarter, sourceHalf, targetHalf] = [0, 1, 2, 3, 4].map(() => f.take('i32'))
        const slot = (offset: number, to: Local): void => void f.get(args).load('i32.load', offset).set(to)
        slot(LAYER.distance, span)
        f.get(span).i32(1).op('i32.shr_u').set(quarter)
        /** Address of half k of a plane, of the upper of two values in its upper quarter. */
        const place = (first: number, half: Local, k: number, upper: number): void => {
          planeAt(f, args, first, off)
          if (k === 1) f.get(half).op('i32.add')
          if (upper === 1) f.get(quarter).op('i32.add')
        }
        for (const [part, source, target, sourceSlot, targetSlot, run] of [
          [8, LAYER.denominators, LAYER.denominators, LAYER.denominatorHalf, LAYER.denominatorHalf, bind],
          [0, LAYER.numerators, LAYER.out, LAYER.numeratorHalf, LAYER.outHalf, base ? bindBase : bind],
        ] as const) {
          slot(sourceSlot, sourceHalf)
          slot(targetSlot, targetHalf)
          for (const k of [0, 1])
            for (const [upper, { values }] of [VALUES, STEPS].entries()) {
              place(source, sourceHalf, k, upper)
              f.get(sourceHalf).i32(1).op('i32.shl').get(span)
              place(target, targetHalf, k, upper)
              f.get(targetHalf).i32(1).op('i32.shl')
              workAt(scratch, f, values + BLOCK * (part + 4 * k))
                .get(bytes)
                .call(run)
            }
        }
        if (first)
          for (const [upper, { values }] of [VALUES, STEPS].entries()) {
            workAt(scratch, f, values)
            place(LAYER.out, targetHalf, 1, upper)
            f.get(targetHalf).i32(1).op('i32.shl').get(bytes).call(join)
          }
        for (let plane = 0; plane < 16; plane++) {
          workAt(scratch, f, WORK.values + BLOCK * plane).set(at)
          f.get(at)
            .i32(WORK.steps - WORK.values)
            .get(at)
            .i32(WORK.steps - WORK.values)
            .op('i32.add')
            .get(bytes)
            .call(blocks.subtract)
        }
        f.give(targetHalf, sourceHalf, quarter, span, at)
      },
    })
}

/**
 * [values, fixed, sum]: n0·d1 + d0·(n1 + lambda·d1), or n0·d1 + d0·n1 where `joined`, of four indices of a block to
 * `sum`; `fixed` is the address of FIXED.
 */
function emitSummand(m: ModuleBuilder, scratch: Global, base: boolean, joined: boolean): FunctionBuilder {
  const f = m.func('', ['i32', 'i32', 'i32'])
  const s = simd(f)
  const [values, fixed, to] = f.params
  const [n0, n1, d0, d1] = valuesAt(values)
  const [sum, parts] = [operand(to, 0, 16), operand(fixed, FIXED.parts, 16)]
  const [x, y] = [takeLimbs(f), takeLimbs(f)]
  if (!joined) {
    const lambda = f.local('i32')
    workAt(scratch, f, LAMBDA).set(lambda)
    loadOperand(f, d1, x)
    loadOperand(f, operand(lambda, 0, 16), y)
    mulLimbs(f, s, x, y, x)
    for (let l = 0; l < (base ? 1 : 4); l++) {
      f.get(x[l])
      f.get(values).load('v128.load', n1.offset + BLOCK * l)
      s.add()
      f.set(x[l])
    }
    storeOperand(f, sum, x)
  }
  const products = [[d0, joined ? n1 : sum] as const]
  if (base) sumLimbProducts(f, s, products, [[n0, d1]], parts, x)
  else sumLimbProducts(f, s, [[n0, d1], ...products], [], parts, x)
  storeOperand(f, sum, x)
  return f
}

/** [weight, fixed]: the block's sum += the products of two vectors of weights, one after the other, and the two QM31. */
function emitWeigh(m: ModuleBuilder): FunctionBuilder {
  const f = m.func('', ['i32', 'i32'])
  const [weight, fixed] = f.params
  const products = [0, 1].map(
    (k) => [operand(weight, 16 * k, BLOCK), operand(fixed, FIXED.sums + 64 * k, 16)] as const,
  )
  accumulateProducts(f, simd(f), products, operand(fixed, FIXED.block, 16))
  return f
}

/** [args, off, fixed]: the sum of all += the upper weight of the block at `off` times the sum of the block, which is 0 then. */
function emitSettle(m: ModuleBuilder): FunctionBuilder {
  const f = m.func('', ['i32', 'i32', 'i32'])
  const s = simd(f)
  const [args, off, fixed] = f.params
  const [sum, weight] = [takeLimbs(f), takeLimbs(f)]
  finishProduct(f, s, operand(fixed, FIXED.block, 16), sum)
  f.get(off).i32(Math.log2(BLOCK)).op('i32.shr_u').i32(2).op('i32.shl').set(off)
  weight.forEach((limb, l) =>
    planeAt(f, args, LAYER.eqHigh + 4 * l, off)
      .load('v128.load32_splat')
      .set(limb),
  )
  mulLimbs(f, s, sum, weight, sum)
  const all = operand(fixed, FIXED.all, 16)
  loadOperand(f, all, weight)
  addLimbs(f, s, sum, weight, sum)
  storeOperand(f, all, sum)
  clear(f, fixed, FIXED.block, WIDE_PRODUCT_BYTES)
  return f
}

const clear = (f: FunctionBuilder, address: Local, from: number, bytes: number): void => {
  for (let i = 0; i < bytes; i += 16)
    f.get(address)
      .v128(0)
      .store('v128.store', from + i)
}

interface RoundParts {
  readonly summand: FunctionBuilder
  readonly weigh: FunctionBuilder
  readonly settle: FunctionBuilder
  readonly copy: FunctionBuilder
  /** Brings the factors of a block to its areas. */
  readonly load: (f: FunctionBuilder, args: Local, off: Local, bytes: Local) => void
}

/** Σ eq·summand over the areas. */
function emitRound(
  m: ModuleBuilder,
  scratch: Global,
  name: string,
  areas: readonly { readonly values: number; readonly fixed: number }[],
  { summand, weigh, settle, copy, load }: RoundParts,
): void {
  const f = m.func(name, ['i32', 'i32', 'i32', 'i32'])
  const [args, off, to, sums] = f.params
  const [at, place, fixed, zero] = [f.local('i32'), f.local('i32'), f.local('i32'), f.local('i32')]
  const limbs = takeLimbs(f)
  for (const area of areas) {
    workAt(scratch, f, area.fixed).set(fixed)
    clear(f, fixed, FIXED.block, FIXED.bytes - FIXED.block)
  }
  for (const [constant, slot] of [
    [LAMBDA, LAYER.lambda],
    [CHALLENGE, LAYER.challenge],
  ])
    for (let l = 0; l < 4; l++) {
      workAt(scratch, f, constant)
        .get(args)
        .load('v128.load32_splat', slot + 4 * l)
      f.store('v128.store', 16 * l)
    }
  for (let l = 0; l < 4; l++)
    workAt(scratch, planeAt(f, args, LAYER.eqLow + 4 * l, zero), WORK.other + BLOCK * l)
      .get(args)
      .load('i32.load', LAYER.eqLowBytes)
      .call(copy)
  // Of four indices alone, what stands in for the other four has no weight.
  f.get(args)
    .load('i32.load', LAYER.eqLowBytes)
    .i32(32)
    .op('i32.lt_u')
    .if(() => {
      for (let l = 0; l < 4; l++)
        workAt(scratch, f, WORK.other + BLOCK * l)
          .v128(0)
          .store('v128.store', 16)
    })
  eachBlock(f, off, to, BLOCK, (bytes) => {
    load(f, args, off, bytes)
    f.i32(0).set(at)
    f.get(off)
      .i32(BLOCK - 1)
      .op('i32.and')
      .set(place)
    f.while(at, bytes, 32, () => {
      for (const area of areas) {
        for (const k of [0, 1]) {
          workAt(scratch, f.get(at), area.values + 16 * k).op('i32.add')
          workAt(scratch, workAt(scratch, f, area.fixed), area.fixed + FIXED.sums + 64 * k).call(summand)
        }
        workAt(
          scratch,
          workAt(scratch, f.get(at, place).op('i32.add'), WORK.other).op('i32.add'),
          area.fixed,
        ).call(weigh)
      }
    })
    for (const area of areas) workAt(scratch, f.get(args, off), area.fixed).call(settle)
  })
  areas.forEach((area, i) => {
    workAt(scratch, f, area.fixed).set(fixed)
    loadOperand(f, operand(fixed, FIXED.all, 16), limbs)
    limbs.forEach((limb, l) => f.get(sums, limb).store('v128.store', 64 * i + 16 * l))
  })
}
