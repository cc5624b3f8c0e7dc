import type { Global, ModuleBuilder } from '@vouch/wasm'
import type { Limbs } from './simd.ts'
import { mulLimbs, simd, takeLimbs } from './simd.ts'
import { loadOperand, operand, storeOperand, sumLimbProducts } from './simd-products.ts'
import { giveWide, reduceWide, sumProducts, takeWide } from './simd-wide.ts'
import { eachBlock } from './wasm-blocks.ts'
import type { BlockFunctions } from './wasm-blocks.ts'
import { BLOCK, FIXED, LAYER, WORK, eachPlane, planeAt, valuesAt, workAt } from './wasm-layer.ts'

/**
 * Sums of the fractions of one layer. `args` is an argument block, see LAYER; goes over byte offsets [from, to) of a plane,
 * multiples of 16, and writes only there. The variant `…Base` is for numerators in M31.
 *
 * addFractions[Base](args, from, to)         numerators and denominators of the sums to `out` and `outDenominators`
 */
export function emitFractions(m: ModuleBuilder, scratch: Global, blocks: BlockFunctions): void {
  for (const base of [false, true]) emitAdd(m, scratch, base, blocks)
}

function emitAdd(m: ModuleBuilder, scratch: Global, base: boolean, { copy }: BlockFunctions): void {
  const f = m.func(base ? 'addFractionsBase' : 'addFractions', ['i32', 'i32', 'i32'])
  const s = simd(f)
  const [args, off, to] = f.params
  const [at, end, fixed] = [f.local('i32'), f.local('i32'), f.local('i32')]
  const [x, y] = [takeLimbs(f), takeLimbs(f)]
  const [n0, n1, d0, d1] = valuesAt(at)
  const canonical = (limbs: Limbs): void => {
    for (const limb of limbs) {
      f.get(limb)
      s.canonical()
      f.set(limb)
    }
  }
  workAt(scratch, f, WORK.fixed).set(fixed)
  eachBlock(f, off, to, BLOCK, (bytes) => {
    eachPlane(f, args, off, base, (address, place) =>
      workAt(scratch, f.get(address), WORK.values + place)
        .get(bytes)
        .call(copy),
    )
    workAt(scratch, f, WORK.values).tee(at).get(bytes).op('i32.add').set(end)
    f.while(at, end, 16, () => {
      if (base) {
        const sum = takeWide(f)
        loadOperand(f, n0, [y[0]])
        loadOperand(f, n1, [y[1]])
        x.forEach((limb, l) => {
          loadOperand(f, { ...d1, offset: d1.offset + BLOCK * l }, [y[2]])
          loadOperand(f, { ...d0, offset: d0.offset + BLOCK * l }, [y[3]])
          sumProducts(f, sum, [
            [y[0], y[2]],
            [y[1], y[3]],
          ])
          reduceWide(f, s, sum)
          f.set(limb)
        })
        giveWide(f, sum)
      } else {
        const products = [
          [n0, d1],
          [n1, d0],
        ] as const
        sumLimbProducts(f, s, products, [], operand(fixed, FIXED.parts, 16), x)
      }
      canonical(x)
      storeOperand(f, operand(at, WORK.other - WORK.values, BLOCK), x)
      loadOperand(f, d0, x)
      loadOperand(f, d1, y)
      mulLimbs(f, s, x, y, x)
      canonical(x)
      storeOperand(f, operand(at, WORK.other - WORK.values + 4 * BLOCK, BLOCK), x)
    })
    for (const [k, slot] of [LAYER.out, LAYER.outDenominators].entries())
      for (let l = 0; l < 4; l++) {
        workAt(scratch, f, WORK.other + BLOCK * (4 * k + l))
        planeAt(f, args, slot + 4 * l, off)
          .get(bytes)
          .call(copy)
      }
  })
}
