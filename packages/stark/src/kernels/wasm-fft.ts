import type { FunctionBuilder, Local, ModuleBuilder } from '@vouch/wasm'
import type { Simd } from './simd.ts'
import { simd } from './simd.ts'
import type { Vectors } from './wasm-field.ts'
import { entry, loadVectors, quarterTurn, rotate, signs, storeVectors, transpose } from './wasm-field.ts'
import { FORWARD, INVERSE } from './wasm-layout.ts'

/**
 * The circle FFT, four lanes, two layers a pass. `heap` is always 2^L + position (see wasm-layout.ts), so a pass over a
 * part of a domain, a twin coset or a coset block of an extension is the same code from another start.
 *
 * inverseFirst(from, to, heap, words, log)   layers 0-3 of domain-order values, scaled by 2^−log
 * inverseNatural(from, to, log, j, u, count) the same from natural order: groups of 16 positions u = reverse(j), j ascending
 * inverse4, inverse2 (data, heap, words, bit)          layers bit, bit+1 / layer bit
 * forward4, forward2 (from, to, heap, words, bit)      layers bit+1, bit / layer bit
 * forwardLast(from, to, heap, words)                   layers 3-0
 */
export const emitFft = (m: ModuleBuilder): FftFunctions => ({
  inverseFirst: emitInverseFirst(m),
  inverseNatural: emitInverseNatural(m),
  inverse4: emitPass(m, 'inverse4'),
  inverse2: emitPass(m, 'inverse2'),
  forward4: emitPass(m, 'forward4'),
  forward2: emitPass(m, 'forward2'),
  forwardLast: emitForwardLast(m),
})

export interface FftFunctions {
  readonly inverseFirst: FunctionBuilder
  readonly inverseNatural: FunctionBuilder
  readonly inverse4: FunctionBuilder
  readonly inverse2: FunctionBuilder
  readonly forward4: FunctionBuilder
  readonly forward2: FunctionBuilder
  readonly forwardLast: FunctionBuilder
}

/** The smallest transform in four lanes. Below it the reference runs. */
export const MIN_LOG = 4

/** (a, b) -> (a + b, (a − b)·w), `w` doubled; with `flip` (a + b, (b − a)·w). */
function inverseButterfly(f: FunctionBuilder, s: Simd, a: Local, b: Local, w: Local, flip = false): void {
  f.get(a, b)
  s.add()
  if (flip) f.get(b, a)
  else f.get(a, b)
  s.sub()
  f.get(w)
  s.mulDoubled()
  f.set(a, b)
}

/** (a, b) -> (a + w·b, a − w·b); with `flip` (a − w·b, a + w·b). */
function forwardButterfly(f: FunctionBuilder, s: Simd, a: Local, b: Local, w: Local, flip = false): void {
  f.temp('v128', (t) => {
    f.get(b, w)
    s.mulDoubled()
    f.set(t).get(a, t)
    if (flip) s.sub()
    else s.add()
    f.get(a, t)
    if (flip) s.add()
    else s.sub()
    f.set(a, b)
  })
}

const vectors = (f: FunctionBuilder): Vectors => [
  f.local('v128'),
  f.local('v128'),
  f.local('v128'),
  f.local('v128'),
]

/** Twiddles of the two blocks of the layer below entry `heap` of a table. */
function loadPair(f: FunctionBuilder, heap: Local, table: number, w0: Local, w1: Local): void {
  ;[w0, w1].forEach((w, i) => {
    f.get(heap).i32(3).op('i32.shl')
    f.load('v128.load32_splat', table + 4 * i).set(w)
  })
}

/** Layers 0-3 on 16 values in transposed form (vector i lane k is position 4k + i), then out of it. */
function inverse16(f: FunctionBuilder, s: Simd): (v: Vectors, heap16: Local) => void {
  const turn = quarterTurn(f, signs(f))
  const [x, y, w0, w1, w] = [
    f.local('v128'),
    f.local('v128'),
    f.local('v128'),
    f.local('v128'),
    f.local('v128'),
  ]
  return (v, heap16) => {
    const [a, b, c, d] = v
    f.get(heap16).i32(4).op('i32.shl').load('v128.load', INVERSE).tee(x)
    turn()
    f.set(y)
    inverseButterfly(f, s, a, b, y)
    inverseButterfly(f, s, c, d, y, true)
    inverseButterfly(f, s, a, c, x)
    inverseButterfly(f, s, b, d, x)
    transpose(f, v)
    loadPair(f, heap16, INVERSE, w0, w1)
    entry(f, heap16).load('v128.load32_splat', INVERSE).set(w)
    inverseButterfly(f, s, a, b, w0)
    inverseButterfly(f, s, c, d, w1)
    inverseButterfly(f, s, a, c, w)
    inverseButterfly(f, s, b, d, w)
  }
}

/** Multiplies the stack's top by 2^−log. */
function scaling(f: FunctionBuilder, s: Simd, log: Local): () => void {
  const left = f.local('i32')
  f.i32(31).get(log).op('i32.sub').set(left)
  return () => rotate(f, s, left, log)
}

function emitInverseFirst(m: ModuleBuilder): FunctionBuilder {
  const f = m.func('', ['i32', 'i32', 'i32', 'i32', 'i32'])
  const s = simd(f)
  const [from, to, heap, count, log] = f.params
  const layers = inverse16(f, s)
  const scale = scaling(f, s, log)
  const v = vectors(f)
  const [end, heap16] = [f.local('i32'), f.local('i32')]
  f.get(from, count).i32(2).op('i32.shl', 'i32.add').set(end)
  f.get(heap).i32(4).op('i32.shr_u').set(heap16)
  f.while(from, end, 64, () => {
    loadVectors(f, from, v)
    transpose(f, v)
    layers(v, heap16)
    v.forEach((x, k) => {
      f.get(to, x)
      scale()
      f.store('v128.store', 16 * k)
    })
    f.increment(to, 64).increment(heap16, 1)
  })
  return f
}

function emitInverseNatural(m: ModuleBuilder): FunctionBuilder {
  const f = m.func('', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'])
  const s = simd(f)
  const [from, to, log, j, u, count] = f.params
  const layers = inverse16(f, s)
  const scale = scaling(f, s, log)
  const v = vectors(f)
  const i32 = (): Local => f.local('i32')
  const [end, width, heap16, top, flips, target] = [i32(), i32(), i32(), i32(), i32(), i32()]
  // Addresses of rows rev3(l)·2^(log−3) up and down, l = 0..7.
  const up = Array.from({ length: 8 }, i32)
  const down = Array.from({ length: 8 }, i32)
  f.get(j, count).op('i32.add').set(end)
  f.get(log).i32(4).op('i32.sub').set(width)
  f.i32(1).get(width).op('i32.shl').set(top)
  for (let l = 0; l < 8; l++) {
    const reversed = ((l & 1) << 2) | (l & 2) | (l >> 2)
    // 2^(log−3) words are 2^(log−1) bytes; row 2j is 8 bytes a step.
    f.i32(reversed).get(log).i32(1).op('i32.sub', 'i32.shl')
    f.get(j).i32(3).op('i32.shl', 'i32.add').set(up[l])
    f.get(from)
      .i32(4)
      .get(log)
      .op('i32.shl', 'i32.add')
      .i32(4)
      .op('i32.sub')
      .get(up[l])
      .op('i32.sub')
      .set(down[l])
    f.get(from, up[l]).op('i32.add').set(up[l])
  }
  f.while(j, end, 1, () => {
    v.forEach((x, i) => {
      const addresses = (i & 1) === 0 ? up : down
      for (let k = 0; k < 4; k++) {
        f.get(addresses[2 * k + (i >> 1)])
        if (k === 0) f.load('v128.load32_zero').set(x)
        else f.get(x).memoryLane('v128.load32_lane', 0, k).set(x)
      }
    })
    for (const a of up) f.increment(a, 8)
    for (const a of down) f.increment(a, -8)
    f.get(top, u).op('i32.add').set(heap16)
    layers(v, heap16)
    f.get(to, u).i32(6).op('i32.shl', 'i32.add').set(target)
    v.forEach((x, k) => {
      f.get(target, x)
      scale()
      f.store('v128.store', 16 * k)
    })
    // reverse(j + 1) = reverse(j) with the bits that the carry flips, from the other end.
    f.get(j).get(j).i32(1).op('i32.add', 'i32.xor').set(flips)
    f.get(u, flips, width, flips).op('i32.popcnt', 'i32.sub', 'i32.shl', 'i32.xor').set(u)
  })
  return f
}

/** One pass of one or two layers. The inverse ones work in place. */
function emitPass(
  m: ModuleBuilder,
  name: 'inverse4' | 'inverse2' | 'forward4' | 'forward2',
): FunctionBuilder {
  const inverse = name.startsWith('inverse')
  const four = name.endsWith('4')
  const f = m.func('', inverse ? ['i32', 'i32', 'i32', 'i32'] : ['i32', 'i32', 'i32', 'i32', 'i32'])
  const s = simd(f)
  const [from, heap, count, bit] = inverse ? f.params : [f.params[0], ...f.params.slice(2)]
  const i32 = (): Local => f.local('i32')
  const [end, stride, delta, q, qEnd] = [i32(), i32(), i32(), i32(), i32()]
  const addresses = four ? [q, i32(), i32(), i32()] : [q, i32()]
  const v = four ? vectors(f) : [f.local('v128'), f.local('v128')]
  const [w, w0, w1] = [f.local('v128'), f.local('v128'), f.local('v128')]
  const table = inverse ? INVERSE : FORWARD
  f.i32(4).get(bit).op('i32.shl').set(stride)
  f.get(from, count).i32(2).op('i32.shl', 'i32.add').set(end)
  if (!inverse) f.get(f.param(1), from).op('i32.sub').set(delta)
  f.get(heap, bit)
    .i32(four ? 2 : 1)
    .op('i32.add', 'i32.shr_u')
    .set(heap)
  f.get(from).set(q)
  f.block((done) => {
    f.get(q, end).op('i32.ge_u').brIf(done)
    f.loop((again) => {
      entry(f, heap).load('v128.load32_splat', table).set(w)
      if (four) {
        f.get(heap).i32(3).op('i32.shl').load('v128.load32_splat', table).set(w0)
        f.get(heap)
          .i32(3)
          .op('i32.shl')
          .load('v128.load32_splat', table + 4)
          .set(w1)
      }
      f.increment(heap, 1)
      f.get(q, stride).op('i32.add').set(qEnd)
      f.while(q, qEnd, 16, () => {
        for (let k = 1; k < addresses.length; k++)
          f.get(addresses[k - 1], stride)
            .op('i32.add')
            .set(addresses[k])
        v.forEach((x, k) => f.get(addresses[k]).load('v128.load').set(x))
        const [a, b, c, d] = v as Vectors
        if (!four && inverse) inverseButterfly(f, s, a, b, w)
        else if (!four) forwardButterfly(f, s, a, b, w)
        else if (inverse) {
          inverseButterfly(f, s, a, b, w0)
          inverseButterfly(f, s, c, d, w1)
          inverseButterfly(f, s, a, c, w)
          inverseButterfly(f, s, b, d, w)
        } else {
          forwardButterfly(f, s, a, c, w)
          forwardButterfly(f, s, b, d, w)
          forwardButterfly(f, s, a, b, w0)
          forwardButterfly(f, s, c, d, w1)
        }
        v.forEach((x, k) => {
          f.get(addresses[k])
          if (!inverse) f.get(delta).op('i32.add')
          f.get(x).store('v128.store')
        })
      })
      f.get(q, stride)
      if (four) f.i32(3).op('i32.mul')
      f.op('i32.add').tee(q).get(end).op('i32.lt_u').brIf(again)
    })
  })
  return f
}

function emitForwardLast(m: ModuleBuilder): FunctionBuilder {
  const f = m.func('', ['i32', 'i32', 'i32', 'i32'])
  const s = simd(f)
  const turn = quarterTurn(f, signs(f))
  const [from, to, heap, count] = f.params
  const v = vectors(f)
  const [a, b, c, d] = v
  const [end, heap16] = [f.local('i32'), f.local('i32')]
  const [x, y, w0, w1, w] = [
    f.local('v128'),
    f.local('v128'),
    f.local('v128'),
    f.local('v128'),
    f.local('v128'),
  ]
  f.get(from, count).i32(2).op('i32.shl', 'i32.add').set(end)
  f.get(heap).i32(4).op('i32.shr_u').set(heap16)
  f.while(from, end, 64, () => {
    loadVectors(f, from, v)
    entry(f, heap16).load('v128.load32_splat', FORWARD).set(w)
    loadPair(f, heap16, FORWARD, w0, w1)
    forwardButterfly(f, s, a, c, w)
    forwardButterfly(f, s, b, d, w)
    forwardButterfly(f, s, a, b, w0)
    forwardButterfly(f, s, c, d, w1)
    transpose(f, v)
    f.get(heap16).i32(4).op('i32.shl').load('v128.load', FORWARD).tee(x)
    turn()
    f.set(y)
    forwardButterfly(f, s, a, c, x)
    forwardButterfly(f, s, b, d, x)
    forwardButterfly(f, s, a, b, y)
    forwardButterfly(f, s, c, d, y, true)
    transpose(f, v)
    storeVectors(f, to, v)
    f.increment(to, 64).increment(heap16, 1)
  })
  return f
}
