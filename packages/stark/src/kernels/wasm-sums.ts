import type { FunctionBuilder, Local, ModuleBuilder } from '@vouch/wasm'
import { addLimbs, mulLimbs, simd, splatLimbs, subLimbs, takeLimbs } from './simd.ts'
import type { Limbs } from './simd.ts'
import { planeAddresses } from './wasm-linear.ts'

/**
 * Kernels over planes of `bytes` bytes a limb, each over byte offsets [from, to), multiples of 16.
 *
 * eqLevel(low, bytes, to, point, from, to)         the next level of `eqTables` at `to`: low·(1 − p), then low·p
 * innerProduct(e, f, bytes, sums, from, to)        Σ e·f to `sums`: four lanes a limb
 * runningSum(e, f, out, bytes, state, from, to)    state: share in 4 words, then S before in 4 vectors of equal lanes,
 *                                                  which becomes the last S
 * sumConstraints(args, from, to)                   see CONSTRAINTS
 */
export function emitSums(m: ModuleBuilder): void {
  emitEq(m)
  emitInnerProduct(m)
  emitRunning(m)
  emitConstraints(m, emitMultiply(m))
}

/** Byte offsets in the argument block of `sumConstraints`: addresses of four limbs each, then words. */
export const CONSTRAINTS = {
  e: 0,
  s: 16,
  ratio: 32,
  combination: 48,
  out: 64,
  prev: 80,
  first: 84,
  start: 96,
  share: 112,
  /** Four QM31, the inverse of the vanishing polynomial in them. */
  weights: 128,
  bytes: 192,
} as const

function loadAt(f: FunctionBuilder, addresses: readonly Local[], off: Local, to: Limbs): void {
  to.forEach((limb, l) => f.get(addresses[l], off).op('i32.add').load('v128.load').set(limb))
}

function emitEq(m: ModuleBuilder): void {
  const f = m.func('eqLevel', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'])
  const s = simd(f)
  const [from, bytes, to, point, off, end] = f.params
  const sources = planeAddresses(f, from, bytes)
  const toBytes = f.local('i32')
  f.get(bytes, bytes).op('i32.add').set(toBytes)
  const targets = planeAddresses(f, to, toBytes)
  const p = splatLimbs(f, point, 0)
  const [low, high] = [takeLimbs(f), takeLimbs(f)]
  f.while(off, end, 16, () => {
    loadAt(f, sources, off, low)
    mulLimbs(f, s, low, p, high)
    subLimbs(f, s, low, high, low)
    targets.forEach((target, l) => {
      for (const [k, limb] of [low[l], high[l]].entries()) {
        f.get(target, off).op('i32.add')
        if (k === 1) f.get(bytes).op('i32.add')
        f.get(limb)
        s.canonical()
        f.store('v128.store')
      }
    })
  })
}

function emitInnerProduct(m: ModuleBuilder): void {
  const f = m.func('innerProduct', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'])
  const s = simd(f)
  const [eAt, fAt, bytes, sums, off, end] = f.params
  const sources = [planeAddresses(f, eAt, bytes), planeAddresses(f, fAt, bytes)]
  const [total, x, y] = [takeLimbs(f), takeLimbs(f), takeLimbs(f)]
  f.while(off, end, 16, () => {
    loadAt(f, sources[0], off, x)
    loadAt(f, sources[1], off, y)
    mulLimbs(f, s, x, y, x)
    addLimbs(f, s, total, x, total)
  })
  total.forEach((limb, l) => f.get(sums, limb).store('v128.store', 16 * l))
}

function emitRunning(m: ModuleBuilder): void {
  const f = m.func('runningSum', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'])
  const s = simd(f)
  const [eAt, fAt, out, bytes, state, off, end] = f.params
  const sources = [planeAddresses(f, eAt, bytes), planeAddresses(f, fAt, bytes)]
  const targets = planeAddresses(f, out, bytes)
  const share = splatLimbs(f, state, 0)
  const zero = f.local('v128')
  const [sum, x, y] = [takeLimbs(f), takeLimbs(f), takeLimbs(f)]
  sum.forEach((limb, l) =>
    f
      .get(state)
      .load('v128.load', 16 + 16 * l)
      .set(limb),
  )
  f.while(off, end, 16, () => {
    loadAt(f, sources[0], off, x)
    loadAt(f, sources[1], off, y)
    mulLimbs(f, s, x, y, x)
    x.forEach((t, l) => {
      f.get(t, share[l])
      s.sub()
      f.tee(t).get(t, zero).shuffle(4, 0, 1, 2)
      s.add()
      f.tee(t).get(t, zero).shuffle(4, 4, 0, 1)
      s.add()
      f.get(sum[l])
      s.add()
      s.canonical()
      f.set(t).get(targets[l], off).op('i32.add').get(t).store('v128.store')
      f.get(t, t).shuffle(3, 3, 3, 3).set(sum[l])
    })
  })
  sum.forEach((limb, l) => f.get(state, limb).store('v128.store', 16 + 16 * l))
}

function emitConstraints(m: ModuleBuilder, multiply: FunctionBuilder): void {
  const f = m.func('sumConstraints', ['i32', 'i32', 'i32'])
  const s = simd(f)
  const [args, off, end] = f.params
  const before = [0, 1, 2, 3].map(() => f.local('i32'))
  const [first, value, total, e] = [f.local('v128'), takeLimbs(f), takeLimbs(f), takeLimbs(f)]
  const column = (slot: number): void => {
    f.get(args).load('i32.load', slot).get(off).op('i32.add').load('v128.load')
  }
  const columns = (slot: number, to: Limbs): void => {
    to.forEach((limb, l) => {
      column(slot + 4 * l)
      f.set(limb)
    })
  }
  const gathered = (slot: number, to: Limbs): void => {
    to.forEach((limb, l) => {
      for (const address of before.toReversed())
        f.get(args)
          .load('i32.load', slot + 4 * l)
          .get(address)
          .op('i32.add')
      f.load('v128.load32_zero')
      for (const lane of [1, 2, 3]) f.memoryLane('v128.load32_lane', 0, lane)
      f.set(limb)
    })
  }
  const splats = (slot: number, to: Limbs): void => {
    to.forEach((limb, l) =>
      f
        .get(args)
        .load('v128.load32_splat', slot + 4 * l)
        .set(limb),
    )
  }
  const other = takeLimbs(f)
  const times = (x: Limbs, y: Limbs): void => {
    f.get(...x, ...y)
      .call(multiply)
      .set(...x)
  }
  const weigh = (constraint: number): void => {
    splats(CONSTRAINTS.weights + 16 * constraint, other)
    times(value, other)
    addLimbs(f, s, total, value, total)
  }
  f.while(off, end, 16, () => {
    before.forEach((address, lane) => {
      f.get(args).load('i32.load', CONSTRAINTS.prev).get(off).op('i32.add')
      f.load('i32.load', 4 * lane)
        .i32(2)
        .op('i32.shl')
        .set(address)
    })
    column(CONSTRAINTS.first)
    s.double()
    f.set(first)
    columns(CONSTRAINTS.e, e)

    // first·(w0·(E − start) + w3·S_prev)
    for (const limb of total) f.v128(0).set(limb)
    splats(CONSTRAINTS.start, other)
    subLimbs(f, s, e, other, value)
    weigh(0)
    gathered(CONSTRAINTS.s, value)
    weigh(3)
    for (const limb of total) {
      f.get(limb, first)
      s.mulDoubled()
      f.set(limb)
    }

    gathered(CONSTRAINTS.e, value)
    columns(CONSTRAINTS.ratio, other)
    times(value, other)
    subLimbs(f, s, e, value, value)
    weigh(1)

    columns(CONSTRAINTS.combination, other)
    times(e, other)
    columns(CONSTRAINTS.s, value)
    subLimbs(f, s, value, e, value)
    gathered(CONSTRAINTS.s, other)
    subLimbs(f, s, value, other, value)
    splats(CONSTRAINTS.share, other)
    addLimbs(f, s, value, other, value)
    weigh(2)

    total.forEach((limb, l) => {
      f.get(args)
        .load('i32.load', CONSTRAINTS.out + 4 * l)
        .get(off)
        .op('i32.add')
      column(CONSTRAINTS.out + 4 * l)
      f.get(limb)
      s.add()
      s.canonical()
      f.store('v128.store')
    })
  })
}

/** [x, y: four limbs each] -> the limbs of x·y. */
function emitMultiply(m: ModuleBuilder): FunctionBuilder {
  const four = ['v128', 'v128', 'v128', 'v128'] as const
  const f = m.func('', [...four, ...four], four)
  const s = simd(f)
  const [x0, x1, x2, x3, y0, y1, y2, y3] = f.params
  const x: Limbs = [x0, x1, x2, x3]
  mulLimbs(f, s, x, [y0, y1, y2, y3], x)
  f.get(...x)
  return f
}
