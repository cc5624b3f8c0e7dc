import type { FunctionBuilder, Local, ModuleBuilder } from '@vouch/wasm'
import { GENERATOR, double } from '../field/circle.ts'
import { P } from '../field/m31.ts'
import type { Simd } from './simd.ts'
import { simd } from './simd.ts'
import { FORWARD } from './wasm-layout.ts'

/** Macros and functions that several kernels share. */

export type Vectors = readonly [Local, Local, Local, Local]

/** Vectors 16 bytes apart from the address in a local. */
export function loadVectors(f: FunctionBuilder, from: Local, to: readonly Local[]): void {
  for (let k = 0; k < to.length; k++) {
    f.get(from).load('v128.load', 16 * k)
    f.set(to[k])
  }
}

export function storeVectors(f: FunctionBuilder, to: Local, from: readonly Local[]): void {
  from.forEach((vector, k) => f.get(to, vector).store('v128.store', 16 * k))
}

/** v_i lane k <-> v_k lane i, in place. */
export function transpose(f: FunctionBuilder, [a, b, c, d]: Vectors): void {
  const [s, t, u, v] = [f.take('v128'), f.take('v128'), f.take('v128'), f.take('v128')]
  f.get(a, b).shuffle(0, 4, 1, 5).set(s)
  f.get(c, d).shuffle(0, 4, 1, 5).set(t)
  f.get(a, b).shuffle(2, 6, 3, 7).set(u)
  f.get(c, d).shuffle(2, 6, 3, 7).set(v)
  f.get(s, t).shuffle(0, 1, 4, 5).set(a)
  f.get(s, t).shuffle(2, 3, 6, 7).set(b)
  f.get(u, v).shuffle(0, 1, 4, 5).set(c)
  f.get(u, v).shuffle(2, 3, 6, 7).set(d)
  f.give(v, u, t, s)
}

/** The y coordinate of the group element (0, y) of order 4: ±1. */
const QUARTER_TURN = (() => {
  let p = GENERATOR
  for (let i = 2; i < 31; i++) p = double(p)
  return p.y
})()

/** Turns doubled table entries into those of their negatives: `2P − t` where `mask` has ones. */
export interface Signs {
  /** [t] -> [t or 2P − t]. */
  apply(mask: Local): void
  /** A mask local from four signs. */
  mask(...signs: readonly [1 | -1, 1 | -1, 1 | -1, 1 | -1]): Local
}

export function signs(f: FunctionBuilder): Signs {
  const twiceP = f.local('v128')
  f.v128(2 * P).set(twiceP)
  return {
    apply(mask) {
      f.temp('v128', (t) => f.set(t).get(twiceP, t).op('i32x4.sub').get(t, mask).op('v128.bitselect'))
    },
    mask(...s) {
      const local = f.local('v128')
      const [a, b, c, d] = s.map((sign) => (sign === 1 ? 0 : -1)) as [number, number, number, number]
      f.v128(a, b, c, d).set(local)
      return local
    },
  }
}

/**
 * [doubled x of positions 4s, 4s+4, 4s+8, 4s+12 (s a multiple of 4)] -> [doubled y of the same]. Neighbours in the table
 * differ by a quarter turn (0, e): (x, y) -> (−e·y, e·x). The same holds of the inverses.
 */
export function quarterTurn(f: FunctionBuilder, sign: Signs): () => void {
  const e = QUARTER_TURN === 1 ? 1 : -1
  const mask = sign.mask(e === 1 ? -1 : 1, e, e === 1 ? -1 : 1, e)
  return () => {
    f.temp('v128', (t) => f.set(t).get(t, t).shuffle(1, 0, 3, 2))
    sign.apply(mask)
  }
}

/** The sign of y at table entries 2t and 2t+1 in terms of x at 2t+1 and 2t. */
export const TURN_SIGNS = QUARTER_TURN === 1 ? ([-1, 1] as const) : ([1, -1] as const)

/** [x] -> [x·2^k mod P] for the rotation whose splat shifts are k and 31 − k. */
export function rotate(f: FunctionBuilder, s: Simd, left: Local, right: Local): void {
  f.temp('v128', (t) => {
    f.set(t).get(t, left).op('i32x4.shl').get(s.p).op('v128.and')
    f.get(t, right).op('i32x4.shr_u', 'v128.or')
  })
}

/** [s as i64x2 in any range] -> [s mod-ish P, below 2^33 + 2^31]. */
export function foldWide(f: FunctionBuilder, mask: Local): void {
  f.temp('v128', (t) => {
    f.set(t).get(t, mask).op('v128.and').get(t).i32(31).op('i64x2.shr_u', 'i64x2.add')
  })
}

/** Emits a function [x] -> [1/x] in four lanes, by x^(P−2); 0 for 0. */
export function emitInverseVector(m: ModuleBuilder): FunctionBuilder {
  const f = m.func('', ['v128'], ['v128'])
  const s = simd(f)
  const [x] = f.params
  const squares = (n: number): void => {
    for (let i = 0; i < n; i++) {
      f.temp('v128', (t) => {
        f.tee(t).get(t)
        s.mul()
      })
    }
  }
  // x^(2^k − 1) for k = 2, 4, 8, 16, then 24, 28, 29: squared k' times, times x^(2^k' − 1).
  const known = new Map<number, Local>([[1, x]])
  let k = 1
  f.get(x)
  for (const by of [1, 2, 4, 8, 8, 4, 1]) {
    squares(by)
    f.get(known.get(by)!)
    s.mul()
    k += by
    const local = f.local('v128')
    known.set(k, local)
    f.tee(local)
  }
  // P − 2 = 4·(2^29 − 1) + 1
  squares(2)
  f.get(x)
  s.mul()
  return f
}

export interface FieldFunctions {
  /** `inverses(from, to, words)`: batch inverse of a multiple of 16 words; returns 0 if one of them is 0. `to` may not overlap. */
  readonly inverses: FunctionBuilder
}

export function emitField(m: ModuleBuilder): FieldFunctions {
  const inverseVector = emitInverseVector(m)

  const f = m.func('inverses', ['i32', 'i32', 'i32'], ['i32'])
  const s = simd(f)
  const [from, to, count] = [f.param(0), f.param(1), f.param(2)]
  const [offset, end] = [f.local('i32'), f.local('i32')]
  const products = [f.local('v128'), f.local('v128'), f.local('v128'), f.local('v128')] as const
  const rest = [f.local('v128'), f.local('v128'), f.local('v128'), f.local('v128')] as const
  const at = (base: Local): FunctionBuilder => f.get(base, offset).op('i32.add')
  const multiply = (a: Local, b: Local, into: Local): void => {
    f.get(a, b)
    s.mul()
    f.set(into)
  }
  f.get(count).i32(2).op('i32.shl').set(end)
  for (const p of products) f.v128(1).set(p)
  f.while(offset, end, 64, () => {
    products.forEach((p, k) => {
      at(to)
        .get(p)
        .store('v128.store', 16 * k)
      at(from).load('v128.load', 16 * k)
      f.get(p)
      s.mul()
      f.set(p)
    })
  })
  const [p0, p1, p2, p3] = products
  const [i0, i1, i2, i3] = rest
  const [low, high, all] = [f.local('v128'), f.local('v128'), f.local('v128')]
  multiply(p0, p1, low)
  multiply(p2, p3, high)
  multiply(low, high, all)
  f.temp('v128', (inverse) => {
    f.get(all).call(inverseVector).set(inverse)
    multiply(inverse, high, i1)
    multiply(inverse, low, i3)
  })
  multiply(i1, p1, i0)
  multiply(i1, p0, i1)
  multiply(i3, p3, i2)
  multiply(i3, p2, i3)
  f.block((done) => {
    f.get(end).op('i32.eqz').brIf(done)
    f.loop((again) => {
      f.increment(offset, -64)
      rest.forEach((r, k) => {
        at(to)
        at(to).load('v128.load', 16 * k)
        f.get(r)
        s.mul()
        f.store('v128.store', 16 * k)
        at(from).load('v128.load', 16 * k)
        f.get(r)
        s.mul()
        f.set(r)
      })
      f.get(offset).brIf(again)
    })
  })
  f.get(all).op('i32x4.all_true')

  emitTables(m)
  return { inverses: f }
}

/**
 * `rotateTable(from, to, words, gx, gy)`: undoubled x coordinates of the points at `from` turned by the point whose doubled
 * coordinates are gx, gy. `doubleWords(at, words)`: twice each word.
 */
function emitTables(m: ModuleBuilder): void {
  const f = m.func('rotateTable', ['i32', 'i32', 'i32', 'i32', 'i32'])
  const s = simd(f)
  const turn = quarterTurn(f, signs(f))
  const [from, to, count] = [f.param(0), f.param(1), f.param(2)]
  const [gx, gy, offset, end] = [f.local('v128'), f.local('v128'), f.local('i32'), f.local('i32')]
  f.get(f.param(3)).op('i32x4.splat').set(gx).get(f.param(4)).op('i32x4.splat').set(gy)
  f.get(count).i32(2).op('i32.shl').set(end)
  f.while(offset, end, 16, () => {
    f.get(to, offset).op('i32.add')
    f.temp('v128', (x) => {
      f.get(from, offset).op('i32.add').load('v128.load').tee(x).get(gx)
      s.mulDoubled()
      // A doubled y over 2 is y again only as an integer: halve by the shift, then the factor gy is the doubled one.
      f.get(x)
      s.double()
      turn()
      f.i32(1).op('i32x4.shr_u').get(gy)
      s.mulDoubled()
      s.sub()
    })
    f.store('v128.store')
  })

  const d = m.func('doubleWords', ['i32', 'i32'])
  const limit = d.local('i32')
  d.get(d.param(0), d.param(1)).i32(2).op('i32.shl', 'i32.add').set(limit)
  d.while(d.param(0), limit, 16, () => {
    d.get(d.param(0), d.param(0)).load('v128.load').i32(1).op('i32x4.shl').store('v128.store')
  })
}

/** The address of table entry `heap` less its base, which goes into the load's offset. */
export const entry = (f: FunctionBuilder, heap: Local): FunctionBuilder => f.get(heap).i32(2).op('i32.shl')

/** Points of 16 positions from a multiple of 16: per quarter k, doubled x and y of positions 4k..4k+3. */
export function points16(
  f: FunctionBuilder,
  use: (k: number, x: Local, y: Local) => void,
): (heapQuarter: Local) => void {
  const sign = signs(f)
  const turn = quarterTurn(f, sign)
  const [maskX, maskY] = [sign.mask(1, 1, -1, -1), sign.mask(1, -1, -1, 1)]
  const [xs, ys, x, y] = [f.local('v128'), f.local('v128'), f.local('v128'), f.local('v128')]
  return (heapQuarter) => {
    entry(f, heapQuarter).load('v128.load', FORWARD).tee(xs)
    turn()
    f.set(ys)
    for (let k = 0; k < 4; k++) {
      f.get(xs, xs).shuffle(k, k, k, k)
      sign.apply(maskX)
      f.set(x).get(ys, ys).shuffle(k, k, k, k)
      sign.apply(maskY)
      f.set(y)
      use(k, x, y)
    }
  }
}
