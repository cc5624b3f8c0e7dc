import type { FunctionBuilder, Local, ModuleBuilder } from './emit.ts'
import type { Limbs } from './simd.ts'
import { addLimbs, mulLimbs, simd, takeLimbs } from './simd.ts'
import {
  WIDE_PRODUCT_BYTES,
  accumulateProducts,
  finishProduct,
  giveWide,
  reduceWide,
  sumLimbProducts,
  sumProducts,
  takeWide,
} from './simd-wide.ts'
import type { Operand } from './simd-wide.ts'
import { eachBlock, emitBlocks } from './wasm-blocks.ts'
import type { BlockFunctions } from './wasm-blocks.ts'
import { SCRATCH } from './wasm-layout.ts'

/**
 * Kernels over one layer of a fraction tree. `args` is an argument block, see LAYER; each goes over byte offsets
 * [from, to) of a plane, multiples of 16, and writes only there. The variants `…Base` are for numerators in M31.
 *
 * addFractions[Base](args, from, to)         numerators and denominators of the sums to `out` and `outDenominators`
 * roundSums[Base](args, from, to, sums)      h(0), then the coefficient of X²: four lanes a limb
 * roundSquare[Base](args, from, to, sums)    the second alone
 * bind[Base](from, fromBytes, to, toBytes, distance, challenge, start, end)
 *                                            planes of `fromBytes` at `from`, one for the base; to[y] = from[y] +
 *                                            challenge·(from[y + distance] − from[y]); challenge: 4 words at an address
 */
export const LAYER = {
  /** Addresses of four planes each; of the base numerators only the first. */
  numerators: 0,
  denominators: 16,
  eq: 32,
  out: 48,
  outDenominators: 64,
  lambda: 80,
  /** Bytes from a half to the other, and between the values that a round joins. */
  numeratorHalf: 96,
  denominatorHalf: 100,
  distance: 104,
  bytes: 112,
} as const

export function emitFractions(m: ModuleBuilder): void {
  const blocks = emitBlocks(m)
  const weigh = emitWeigh(m)
  for (const base of [false, true]) {
    emitAdd(m, base, blocks)
    const terms = { summand: emitSummand(m, base), weigh }
    emitRound(m, base, true, terms, blocks)
    emitRound(m, base, false, terms, blocks)
    emitBind(m, base)
  }
}

/** [address] of a plane's vectors: the address in `slot` of the block, plus `offset`. */
function planeAt(f: FunctionBuilder, args: Local, slot: number, offset: Local): FunctionBuilder {
  return f.get(args).load('i32.load', slot).get(offset).op('i32.add')
}

const splatLimbs = (f: FunctionBuilder, address: Local, offset: number): Limbs => {
  const limbs = takeLimbs(f)
  limbs.forEach((limb, l) =>
    f
      .get(address)
      .load('v128.load32_splat', offset + 4 * l)
      .set(limb),
  )
  return limbs
}

/** Bytes of each plane that are worked on at once. A power of two. */
const BLOCK = 1024
/**
 * A work area: copies of a block of n0, n1, d0 and d1, four limbs each, at X = 0 or of the differences, then of weights or
 * results. Planes lie powers of two apart: taken in turn, a vector each, they would drive each other out of the caches.
 */
const WORK = {
  values: SCRATCH,
  steps: SCRATCH + 16 * BLOCK,
  /** Weights of a round; numerators, then denominators of a layer. */
  other: SCRATCH + 32 * BLOCK,
  /** For each of values and steps: parts of a product, two QM31, an accumulator; then lambda. */
  fixed: SCRATCH + 40 * BLOCK,
} as const
const FIXED = { parts: 0, sums: 96, total: 224, bytes: 224 + WIDE_PRODUCT_BYTES } as const
const LAMBDA = WORK.fixed + 2 * FIXED.bytes

const operand = (address: Local, offset: number, stride: number): Operand => ({ address, offset, stride })
/** n0, n1, d0, d1 of the block that starts at an address. */
const valuesAt = (address: Local): readonly Operand[] =>
  [0, 1, 2, 3].map((k) => operand(address, 4 * BLOCK * k, BLOCK))

function loadOperand(f: FunctionBuilder, { address, offset, stride }: Operand, to: readonly Local[]): void {
  to.forEach((limb, l) =>
    f
      .get(address)
      .load('v128.load', offset + stride * l)
      .set(limb),
  )
}
function storeOperand(
  f: FunctionBuilder,
  { address, offset, stride }: Operand,
  from: readonly Local[],
): void {
  from.forEach((limb, l) => f.get(address, limb).store('v128.store', offset + stride * l))
}

/** Calls `use` for each plane of a layer, with the local that holds its address at `off` and its place among copies. */
function eachPlane(
  f: FunctionBuilder,
  args: Local,
  off: Local,
  base: boolean,
  use: (address: Local, place: number) => void,
): void {
  const address = f.take('i32')
  for (const [slot, half, count, first] of [
    [LAYER.numerators, LAYER.numeratorHalf, base ? 1 : 4, 0],
    [LAYER.denominators, LAYER.denominatorHalf, 4, 8],
  ] as const)
    for (const k of [0, 1])
      for (let l = 0; l < count; l++) {
        planeAt(f, args, slot + 4 * l, off)
        if (k === 1) f.get(args).load('i32.load', half).op('i32.add')
        f.set(address)
        use(address, BLOCK * (first + 4 * k + l))
      }
  f.give(address)
}

function emitAdd(m: ModuleBuilder, base: boolean, { copy }: BlockFunctions): void {
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
  f.i32(WORK.fixed).set(fixed)
  eachBlock(f, off, to, BLOCK, (bytes) => {
    eachPlane(f, args, off, base, (address, place) =>
      f
        .get(address)
        .i32(WORK.values + place)
        .get(bytes)
        .call(copy),
    )
    f.i32(WORK.values).tee(at).get(bytes).op('i32.add').set(end)
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
        f.i32(WORK.other + BLOCK * (4 * k + l))
        planeAt(f, args, slot + 4 * l, off)
          .get(bytes)
          .call(copy)
      }
  })
}

/** [values, fixed, sum]: n0·d1 + d0·(n1 + lambda·d1) of four indices of a block to `sum`; `fixed` is the address of FIXED. */
function emitSummand(m: ModuleBuilder, base: boolean): FunctionBuilder {
  const f = m.func('', ['i32', 'i32', 'i32'])
  const s = simd(f)
  const [values, fixed, to] = f.params
  const [n0, n1, d0, d1] = valuesAt(values)
  const lambda = f.local('i32')
  const [sum, parts] = [operand(to, 0, 16), operand(fixed, FIXED.parts, 16)]
  const [x, y] = [takeLimbs(f), takeLimbs(f)]
  f.i32(LAMBDA).set(lambda)
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
        f.i32(area.fixed)
          .get(zero)
          .store('v128.store', FIXED.total + i)
  })
  for (let l = 0; l < 4; l++) {
    f.i32(LAMBDA)
      .get(args)
      .load('v128.load32_splat', LAYER.lambda + 4 * l)
    f.store('v128.store', 16 * l)
  }
  eachBlock(f, off, to, BLOCK, (bytes) => {
    eachPlane(f, args, off, base, (address, place) => {
      if (constant)
        f.get(address)
          .i32(WORK.values + place)
          .get(bytes)
          .call(copy)
      f.get(address, distance)
        .i32(WORK.steps + place)
        .get(bytes)
        .call(subtract)
    })
    for (let l = 0; l < 4; l++)
      planeAt(f, args, LAYER.eq + 4 * l, off)
        .i32(WORK.other + BLOCK * l)
        .get(bytes)
        .call(copy)
    // Of four indices alone, what stands in for the other four has no weight.
    f.get(bytes)
      .i32(32)
      .op('i32.lt_u')
      .if(() => {
        for (let l = 0; l < 4; l++)
          f.i32(WORK.other + BLOCK * l)
            .v128(0)
            .store('v128.store', 16)
      })
    f.i32(0).set(at)
    f.while(at, bytes, 32, () => {
      for (const area of areas) {
        for (const k of [0, 1])
          f.get(at)
            .i32(area.values + 16 * k)
            .op('i32.add')
            .i32(area.fixed)
            .i32(area.fixed + FIXED.sums + 64 * k)
            .call(summand)
        f.get(at).i32(WORK.other).op('i32.add').i32(area.fixed).call(weigh)
      }
    })
  })
  const limbs = takeLimbs(f)
  areas.forEach((area, i) => {
    f.i32(area.fixed).set(fixed)
    finishProduct(f, s, operand(fixed, FIXED.total, 16), limbs)
    limbs.forEach((limb, l) => f.get(sums, limb).store('v128.store', 64 * i + 16 * l))
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
