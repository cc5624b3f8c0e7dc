import type { FunctionBuilder, Global, Local, ModuleBuilder } from '@vouch/wasm'
import type { Limbs } from './simd.ts'
import { addLimbs, mulLimbs, simd, storeLimbs, takeLimbs } from './simd.ts'
import { TURN_SIGNS, entry, points16, rotate, signs } from './wasm-field.ts'
import { BLOCKS, INVERSE } from './wasm-layout.ts'
import { planeAddresses } from './wasm-linear.ts'

/**
 * One FRI fold and DEEP quotients of a few positions; wasm-rows.ts goes through many.
 *
 * fold(from, fromBytes, to, toBytes, heap, words, circle, beta)  one fold to `words` outputs; `heap` as in wasm-fft.ts for the
 *   circle domain (of which a line is the x coordinates) at the first input; beta is 4 words, already halved
 * denominators(heap, words, constants)  to scratch, for positions of a domain: see QUOTIENT
 * quotients(words, constants, first, sums, count, planes, planeBytes)  adds the quotients of the same positions
 * selector(heap, words, constants)      numerators and denominators of the first-row selector, to scratch
 * products(a, b, to, words, factor)     to[i] = a[i]·b[i]·factor, the factor doubled
 */
export const emitFolds = (m: ModuleBuilder, scratch: Global): FoldFunctions => ({
  fold: emitFold(m),
  denominators: emitDenominators(m, scratch),
  quotients: emitQuotients(m, scratch),
  selector: emitSelector(m, scratch),
  products: emitProducts(m),
})

export interface FoldFunctions {
  readonly fold: FunctionBuilder
  readonly denominators: FunctionBuilder
  readonly quotients: FunctionBuilder
  readonly selector: FunctionBuilder
  readonly products: FunctionBuilder
}

/** Positions handled at once, and where in scratch memory is kept what of them: `CHUNK` words each. */
export const CHUNK = 1024
const BYTES = 4 * CHUNK
export const QUOTIENT = {
  re: BLOCKS,
  im: BLOCKS + BYTES,
  /** Twice the y coordinates. */
  y: BLOCKS + 2 * BYTES,
  norm: BLOCKS + 3 * BYTES,
  inverse: BLOCKS + 4 * BYTES,
} as const

function emitFold(m: ModuleBuilder): FunctionBuilder {
  const f = m.func('', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'])
  const s = simd(f)
  const sign = signs(f)
  const [from, fromBytes, to, toBytes, heap, words, circle, beta] = f.params
  const [t0, t1] = TURN_SIGNS
  // y at positions 8v, 8v + 2, .. is that of table entries 2v (twice, signs + −) and 2v + 1.
  const mask = sign.mask(t0, t0 === 1 ? -1 : 1, t1, t1 === 1 ? -1 : 1)
  const [source, target] = [planeAddresses(f, from, fromBytes), planeAddresses(f, to, toBytes)]
  const [end, one, thirty] = [f.local('i32'), f.local('i32'), f.local('i32')]
  const twiddles = f.local('v128')
  const [even, odd, factor] = [takeLimbs(f), takeLimbs(f), takeLimbs(f)]
  f.i32(1).set(one).i32(30).set(thirty)
  factor.forEach((limb, k) =>
    f
      .get(beta)
      .load('v128.load32_splat', 4 * k)
      .set(limb),
  )
  // From here the table entry of the first pair: entry heap >> 2 is x of positions 4s .. 4s + 3.
  f.get(heap).i32(2).op('i32.shr_u').set(heap)
  f.get(to, words).i32(2).op('i32.shl', 'i32.add').set(end)
  f.while(to, end, 16, () => {
    f.get(circle).if(
      () => {
        entry(f, heap).load('v128.load64_zero', INVERSE)
        f.temp('v128', (x) => f.tee(x).get(x).shuffle(1, 1, 0, 0))
        sign.apply(mask)
        f.set(twiddles).increment(heap, 2)
      },
      () => {
        entry(f, heap).load('v128.load', INVERSE).set(twiddles)
        f.increment(heap, 4)
      },
    )
    for (let k = 0; k < 4; k++)
      f.temp('v128', (a) =>
        f.temp('v128', (b) => {
          f.get(source[k]).load('v128.load').set(a).get(source[k]).load('v128.load', 16).set(b)
          f.get(a, b).shuffle(0, 2, 4, 6).get(a, b).shuffle(1, 3, 5, 7).set(b).set(a)
          f.get(a, b)
          s.add()
          rotate(f, s, thirty, one)
          f.set(even[k]).get(a, b)
          s.sub()
          f.get(twiddles)
          s.mulDoubled()
          f.set(odd[k])
        }),
      )
    mulLimbs(f, s, odd, factor, odd)
    addLimbs(f, s, even, odd, even)
    storeLimbs(f, target, 0, even)
    for (const a of source) f.increment(a, 32)
    for (const a of target.slice(1)) f.increment(a, 16)
  })
  return f
}

const splats = (f: FunctionBuilder, constants: Local, from: number, count: number): Local[] =>
  Array.from({ length: count }, (_, k) => {
    const local = f.local('v128')
    f.get(constants)
      .load('v128.load32_splat', 4 * (from + k))
      .set(local)
    return local
  })

/** Runs `points` over `words` positions from `heap` on, 16 at a time; `at` is the offset in bytes from scratch memory on. */
function eachPoints(
  f: FunctionBuilder,
  scratch: Global,
  heap: Local,
  words: Local,
  at: Local,
  points: (heap4: Local) => void,
): void {
  const end = f.local('i32')
  f.global(scratch).tee(at).get(words).i32(2).op('i32.shl', 'i32.add').set(end)
  f.get(heap).i32(2).op('i32.shr_u').set(heap)
  f.while(at, end, 64, () => {
    points(heap)
    f.increment(heap, 4)
  })
}

/** Constants: Im y₀, Im x₀ and c = Re y₀·Im x₀ − Re x₀·Im y₀, two words each. d = x·Im y₀ − y·Im x₀ + c. */
function emitDenominators(m: ModuleBuilder, scratch: Global): FunctionBuilder {
  const f = m.func('', ['i32', 'i32', 'i32'])
  const s = simd(f)
  const [heap, words, constants] = f.params
  const [aRe, aIm, bRe, bIm, cRe, cIm] = splats(f, constants, 0, 6)
  const at = f.local('i32')
  const [re, im] = [f.local('v128'), f.local('v128')]
  const points = points16(f, (k, x, y) => {
    const part = (a: Local, b: Local, c: Local, to: Local): void => {
      f.get(a, x)
      s.mulDoubled()
      f.get(b, y)
      s.mulDoubled()
      s.sub()
      f.get(c)
      s.add()
      f.set(to)
    }
    part(aRe, bRe, cRe, re)
    part(aIm, bIm, cIm, im)
    f.get(at, y).store('v128.store', QUOTIENT.y + 16 * k)
    f.get(at, re).store('v128.store', QUOTIENT.re + 16 * k)
    f.get(at, im).store('v128.store', QUOTIENT.im + 16 * k)
    f.get(at, re, re)
    s.mul()
    f.get(im, im)
    s.mul()
    s.add()
    f.store('v128.store', QUOTIENT.norm + 16 * k)
  })
  eachPoints(f, scratch, heap, words, at, points)
  return f
}

/** Constants 6..9 are a, 10..13 are −b. `sums` is `count` triples of words: planes, bytes a plane, shift m. */
function emitQuotients(m: ModuleBuilder, scratch: Global): FunctionBuilder {
  const f = m.func('', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'])
  const s = simd(f)
  const [words, constants, first, sums, count, planes, planeBytes] = f.params
  const i32 = (): Local => f.local('i32')
  const [at, end, position, sum, sumsEnd, source, base] = [i32(), i32(), i32(), i32(), i32(), i32(), i32()]
  f.get(planes, first).i32(2).op('i32.shl', 'i32.add').set(base)
  const target = planeAddresses(f, base, planeBytes)
  const [y, inverse, re, im] = [f.local('v128'), f.local('v128'), f.local('v128'), f.local('v128')]
  const numerator: Limbs = takeLimbs(f)
  f.global(scratch).tee(at).get(words).i32(2).op('i32.shl', 'i32.add').set(end)
  f.get(first).set(position)
  f.get(sums, count).i32(12).op('i32.mul', 'i32.add').set(sumsEnd)
  f.while(at, end, 16, () => {
    f.get(at).load('v128.load', QUOTIENT.y).set(y)
    numerator.forEach((limb, k) => {
      f.get(constants).load('v128.load32_splat', 4 * (10 + k))
      f.get(constants)
        .load('v128.load32_splat', 4 * (6 + k))
        .get(y)
      s.mulDoubled()
      s.sub()
      f.set(limb)
    })
    f.get(sums).set(sum)
    f.while(sum, sumsEnd, 12, () => {
      f.get(sum).load('i32.load', 8).set(source)
      f.get(source).if(
        () => {
          // Four positions lift to one pair, twice.
          f.get(position, source).i32(1).op('i32.add', 'i32.shr_u').i32(3).op('i32.shl')
          f.get(sum).load('i32.load').op('i32.add').set(source)
          for (const limb of numerator) {
            f.get(limb, source).load('v128.load64_splat')
            s.add()
            f.set(limb).get(source, sum).load('i32.load', 4).op('i32.add').set(source)
          }
        },
        () => {
          f.get(position).i32(2).op('i32.shl').get(sum).load('i32.load').op('i32.add').set(source)
          for (const limb of numerator) {
            f.get(limb, source).load('v128.load')
            s.add()
            f.set(limb).get(source, sum).load('i32.load', 4).op('i32.add').set(source)
          }
        },
      )
    })
    // 1/d = (re − im·i)/norm; both doubled for the products below.
    f.get(at).load('v128.load', QUOTIENT.inverse)
    s.double()
    f.set(inverse)
    f.get(at).load('v128.load', QUOTIENT.re).get(inverse)
    s.mulDoubled()
    s.double()
    f.set(re)
    f.get(at).load('v128.load', QUOTIENT.im).get(inverse)
    s.mulDoubled()
    s.double()
    f.set(im)
    const mul = (a: Local, b: Local): void => {
      f.get(a, b)
      s.mulDoubled()
    }
    for (const half of [0, 2]) {
      const [r, i] = [numerator[half], numerator[half + 1]]
      // (r + i·i)(re − im·i)
      f.get(target[half], target[half]).load('v128.load')
      mul(r, re)
      mul(i, im)
      s.add()
      s.add()
      f.store('v128.store')
      f.get(target[half + 1], target[half + 1]).load('v128.load')
      mul(i, re)
      mul(r, im)
      s.sub()
      s.add()
      f.store('v128.store')
    }
    f.increment(position, 4)
    for (const a of target) f.increment(a, 16)
  })
  return f
}

/** Constants: row 0's x and y. Numerators 1 + x·rx + y·ry to QUOTIENT.re, denominators y·rx − x·ry to QUOTIENT.norm. */
function emitSelector(m: ModuleBuilder, scratch: Global): FunctionBuilder {
  const f = m.func('', ['i32', 'i32', 'i32'])
  const s = simd(f)
  const [heap, words, constants] = f.params
  const [rx, ry] = splats(f, constants, 0, 2)
  const at = f.local('i32')
  const one = f.local('v128')
  f.v128(1).set(one)
  const points = points16(f, (k, x, y) => {
    f.get(at, rx, x)
    s.mulDoubled()
    f.get(ry, y)
    s.mulDoubled()
    s.add()
    f.get(one)
    s.add()
    f.store('v128.store', QUOTIENT.re + 16 * k)
    f.get(at, rx, y)
    s.mulDoubled()
    f.get(ry, x)
    s.mulDoubled()
    s.sub()
    f.store('v128.store', QUOTIENT.norm + 16 * k)
  })
  eachPoints(f, scratch, heap, words, at, points)
  return f
}

function emitProducts(m: ModuleBuilder): FunctionBuilder {
  const g = m.func('', ['i32', 'i32', 'i32', 'i32', 'i32'])
  const t = simd(g)
  const [a, b, to, count] = g.params
  const [offset, limit, factor] = [g.local('i32'), g.local('i32'), g.local('v128')]
  g.get(g.param(4)).op('i32x4.splat').set(factor)
  g.get(count).i32(2).op('i32.shl').set(limit)
  g.while(offset, limit, 16, () => {
    g.get(to, offset).op('i32.add')
    g.get(a, offset).op('i32.add').load('v128.load').get(b, offset).op('i32.add').load('v128.load')
    t.mul()
    g.get(factor)
    t.mulDoubled()
    g.store('v128.store')
  })
  return g
}
