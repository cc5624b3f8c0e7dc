import type { Global, Local, ModuleBuilder } from '@vouch/wasm'
import type { Limbs } from './simd.ts'
import { addLimbs, mulLimbs, simd, splatLimbs, takeLimbs } from './simd.ts'
import { loadOperand, operand, storeOperand, sumLimbProducts } from './simd-products.ts'
import { giveWide, reduceWide, sumProducts, takeWide } from './simd-wide.ts'
import { eachBlock } from './wasm-blocks.ts'
import type { BlockFunctions } from './wasm-blocks.ts'
import { BLOCK, FIXED, LAYER, WORK, eachPlane, planeAt, valuesAt, workAt } from './wasm-layer.ts'

/**
 * Kernels over one layer of a fraction tree. `args` is an argument block, see LAYER; each goes over byte offsets
 * [from, to) of a plane, multiples of 16, and writes only there. The variants `…Base` are for numerators in M31.
 *
 * addFractions[Base](args, from, to)         numerators and denominators of the sums to `out` and `outDenominators`
 * bind[Base](from, fromBytes, to, toBytes, distance, challenge, start, end)
 *                                            planes of `fromBytes` at `from`, one for the base; to[y] = from[y] +
 *                                            challenge·(from[y + distance] − from[y]); challenge: 4 words at an address
 */
export function emitFractions(m: ModuleBuilder, scratch: Global, blocks: BlockFunctions): void {
  for (const base of [false, true]) {
    emitAdd(m, scratch, base, blocks)
    emitBind(m, base)
  }
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

function emitBind(m: ModuleBuilder, base: boolean): void {
  const f = m.func(base ? 'bindBase' : 'bind', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'])
  const s = simd(f)
  const [from, fromBytes, to, toBytes, distance, challenge, off, end] = f.params
  const r = splatLimbs(f, challenge, 0)
  const addresses = (first: Local, bytes: Local, count: number): readonly Local[] => {
    const all = [first]
    while (all.length < count) {
      const next = f.local('i32')
      f.get(all[all.length - 1], bytes)
        .op('i32.add')
        .set(next)
      all.push(next)
    }
    return all
  }
  const [sources, targets] = [addresses(from, fromBytes, base ? 1 : 4), addresses(to, toBytes, 4)]
  const [low, step] = [takeLimbs(f), takeLimbs(f)]
  f.while(off, end, 16, () => {
    sources.forEach((source, l) => {
      f.get(source, off).op('i32.add').load('v128.load').set(low[l])
      f.get(source, off).op('i32.add').get(distance).op('i32.add').load('v128.load').get(low[l])
      s.sub()
      f.set(step[l])
    })
    if (base)
      f.temp('v128', (doubled) => {
        f.get(step[0])
        s.double()
        f.set(doubled)
        step.forEach((limb, l) => {
          f.get(r[l], doubled)
          s.mulDoubled()
          f.set(limb)
        })
        f.get(low[0], step[0])
        s.add()
        f.set(step[0])
      })
    else {
      mulLimbs(f, s, step, r, step)
      addLimbs(f, s, step, low, step)
    }
    targets.forEach((target, l) => {
      f.get(target, off).op('i32.add').get(step[l])
      s.canonical()
      f.store('v128.store')
    })
  })
}
