import type { FunctionBuilder, Global, ModuleBuilder } from '@vouch/wasm'
import { mulLimbs, simd, takeLimbs } from './simd.ts'
import {
  WIDE_PRODUCT_BYTES,
  accumulateProducts,
  finishProduct,
  loadOperand,
  operand,
  storeOperand,
  sumLimbProducts,
} from './simd-products.ts'
import { eachBlock } from './wasm-blocks.ts'
import type { BlockFunctions } from './wasm-blocks.ts'
import { BLOCK, FIXED, LAMBDA, LAYER, WORK, eachPlane, planeAt, valuesAt, workAt } from './wasm-layer.ts'

/**
 * A round of a layer's sumcheck. `args` is LAYER; each goes over byte offsets [from, to) of the planes of `eq`, multiples of
 * 16. The variants `…Base` are for numerators in M31.
 *
 * roundSums[Base](args, from, to, sums)      h(0), then the coefficient of X²: four lanes a limb
 * roundSquare[Base](args, from, to, sums)    the second alone
 */
export function emitRounds(m: ModuleBuilder, scratch: Global, blocks: BlockFunctions): void {
  const weigh = emitWeigh(m)
  for (const base of [false, true]) {
    const terms = { summand: emitSummand(m, scratch, base), weigh }
    emitRound(m, scratch, base, true, terms, blocks)
    emitRound(m, scratch, base, false, terms, blocks)
  }
}

/** [values, fixed, sum]: n0·d1 + d0·(n1 + lambda·d1) of four indices of a block to `sum`; `fixed` is the address of FIXED. */
function emitSummand(m: ModuleBuilder, scratch: Global, base: boolean): FunctionBuilder {
  const f = m.func('', ['i32', 'i32', 'i32'])
  const s = simd(f)
  const [values, fixed, to] = f.params
  const [n0, n1, d0, d1] = valuesAt(values)
  const lambda = f.local('i32')
  const [sum, parts] = [operand(to, 0, 16), operand(fixed, FIXED.parts, 16)]
  const [x, y] = [takeLimbs(f), takeLimbs(f)]
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
  const products = [[d0, sum] as const]
  if (base) sumLimbProducts(f, s, products, [[n0, d1]], parts, x)
  else sumLimbProducts(f, s, [[n0, d1], ...products], [], parts, x)
  storeOperand(f, sum, x)
  return f
}

/** [weight, fixed]: the accumulator += the products of two vectors of weights, one after the other, and the two QM31. */
function emitWeigh(m: ModuleBuilder): FunctionBuilder {
  const f = m.func('', ['i32', 'i32'])
  const [weight, fixed] = f.params
  const products = [0, 1].map(
    (k) => [operand(weight, 16 * k, BLOCK), operand(fixed, FIXED.sums + 64 * k, 16)] as const,
  )
  accumulateProducts(f, simd(f), products, operand(fixed, FIXED.total, 16))
  return f
}

/** Σ eq·(n0·d1 + d0·(n1 + lambda·d1)) of the values at X = 0 and of the differences, or of the differences alone. */
function emitRound(
  m: ModuleBuilder,
  scratch: Global,
  base: boolean,
  constant: boolean,
  { summand, weigh }: { readonly summand: FunctionBuilder; readonly weigh: FunctionBuilder },
  { copy, subtract }: BlockFunctions,
): void {
  const name = `${constant ? 'roundSums' : 'roundSquare'}${base ? 'Base' : ''}`
  const f = m.func(name, ['i32', 'i32', 'i32', 'i32'])
  const s = simd(f)
  const [args, off, to, sums] = f.params
  const [at, fixed, distance] = [f.local('i32'), f.local('i32'), f.local('i32')]
  const areas = [
    ...(constant ? [{ values: WORK.values, fixed: WORK.fixed }] : []),
    { values: WORK.steps, fixed: WORK.fixed + FIXED.bytes },
  ]
  f.get(args).load('i32.load', LAYER.distance).set(distance)
  f.temp('v128', (zero) => {
    f.v128(0).set(zero)
    for (const area of areas)
      for (let i = 0; i < WIDE_PRODUCT_BYTES; i += 16)
        workAt(scratch, f, area.fixed)
          .get(zero)
          .store('v128.store', FIXED.total + i)
  })
  for (let l = 0; l < 4; l++) {
    workAt(scratch, f, LAMBDA)
      .get(args)
      .load('v128.load32_splat', LAYER.lambda + 4 * l)
    f.store('v128.store', 16 * l)
  }
  eachBlock(f, off, to, BLOCK, (bytes) => {
    eachPlane(f, args, off, base, (address, place) => {
      if (constant)
        workAt(scratch, f.get(address), WORK.values + place)
          .get(bytes)
          .call(copy)
      workAt(scratch, f.get(address, distance), WORK.steps + place)
        .get(bytes)
        .call(subtract)
    })
    for (let l = 0; l < 4; l++)
      workAt(scratch, planeAt(f, args, LAYER.eq + 4 * l, off), WORK.other + BLOCK * l)
        .get(bytes)
        .call(copy)
    // Of four indices alone, what stands in for the other four has no weight.
    f.get(bytes)
      .i32(32)
      .op('i32.lt_u')
      .if(() => {
        for (let l = 0; l < 4; l++)
          workAt(scratch, f, WORK.other + BLOCK * l)
            .v128(0)
            .store('v128.store', 16)
      })
    f.i32(0).set(at)
    f.while(at, bytes, 32, () => {
      for (const area of areas) {
        for (const k of [0, 1]) {
          workAt(scratch, f.get(at), area.values + 16 * k).op('i32.add')
          workAt(scratch, workAt(scratch, f, area.fixed), area.fixed + FIXED.sums + 64 * k).call(summand)
        }
        workAt(scratch, workAt(scratch, f.get(at), WORK.other).op('i32.add'), area.fixed).call(weigh)
      }
    })
  })
  const limbs = takeLimbs(f)
  areas.forEach((area, i) => {
    workAt(scratch, f, area.fixed).set(fixed)
    finishProduct(f, s, operand(fixed, FIXED.total, 16), limbs)
    limbs.forEach((limb, l) => f.get(sums, limb).store('v128.store', 64 * i + 16 * l))
  })
}
