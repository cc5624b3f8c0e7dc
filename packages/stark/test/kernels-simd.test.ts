import { describe, expect, it } from 'vitest'
import { createMemory, instantiate, moduleBuilder } from '@vouch/wasm'
import * as M from '../src/field/m31.ts'
import * as Q from '../src/field/qm31.ts'
import { loadLimbs, mulLimbs, simd, storeLimbs, takeLimbs } from '../src/kernels/simd.ts'

const EDGES = [0, 1, 2, 0xffff, 0x10000, 2 ** 30, M.P - 2, M.P - 1]

describe('simd', () => {
  it('adds, subtracts and multiplies M31 like the scalar field, P standing for 0', () => {
    const m = moduleBuilder()
    for (const op of ['add', 'sub', 'mul'] as const) {
      const f = m.func(op, ['i32'])
      const s = simd(f)
      f.get(f.param(0), f.param(0)).load('v128.load', 0).get(f.param(0)).load('v128.load', 16)
      s[op]()
      s.canonical()
      f.store('v128.store', 32)
    }
    const memory = createMemory(1)
    const run = instantiate(m.bytes(), { memory })
    const w = new Uint32Array(memory.buffer)
    const zero = (n: number): number => (n === M.P ? 0 : n)
    for (const a of [...EDGES, M.P])
      for (const b of [...EDGES, M.P]) {
        w.set([a, b, a, 7, b, a, 3, b])
        for (const op of ['add', 'sub', 'mul'] as const) {
          run[op](0)
          const g = (x: number, y: number): number => M[op](zero(x), zero(y))
          expect([...w.subarray(8, 12)]).toEqual([g(a, b), g(b, a), g(a, 3), g(7, b)])
        }
      }
  })

  it('multiplies QM31 like the scalar field', () => {
    const m = moduleBuilder()
    const f = m.func('mul', ['i32', 'i32', 'i32', 'i32'])
    const s = simd(f)
    const [x, y] = [takeLimbs(f), takeLimbs(f)]
    const at = [f.param(0), f.param(1), f.param(2), f.param(3)] as const
    loadLimbs(f, at, 0, x)
    loadLimbs(f, at, 64, y)
    mulLimbs(f, s, x, y, x)
    for (const limb of x) {
      f.get(limb)
      s.canonical()
      f.set(limb)
    }
    storeLimbs(f, at, 128, x)
    const memory = createMemory(1)
    const run = instantiate(m.bytes(), { memory })
    const w = new Uint32Array(memory.buffer)
    let k = 1
    for (let round = 0; round < 200; round++) {
      for (let i = 0; i < 32; i++) {
        k = (Math.imul(k, 1664525) + 1013904223) >>> 0
        w[i] = round < 50 ? EDGES[k >>> 29] : k % M.P
      }
      run.mul(0, 16, 32, 48)
      for (let lane = 0; lane < 4; lane++) {
        const pick = (base: number): Q.QM31 => [
          w[base + lane],
          w[base + 4 + lane],
          w[base + 8 + lane],
          w[base + 12 + lane],
        ]
        expect(pick(32)).toEqual(Q.mul(pick(0), pick(16)))
      }
    }
  })
})
