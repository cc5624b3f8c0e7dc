import type { FunctionBuilder, Global, Local, ModuleBuilder } from '@vouch/wasm'
import { addLimbs, mulLimbs, simd, takeLimbs } from './simd.ts'
import { loadOperand, operand, storeOperand } from './simd-products.ts'
import { BLOCK, CHALLENGE, LAMBDA, valuesAt, workAt } from './wasm-layer.ts'

/** Over a block of `bytes` bytes; 16, 32 or a multiple of 64. */
export interface BindFunctions {
  /**
   * (from, fromBytes, distance, to, toBytes, work, bytes): from[y] + challenge·(from[y + distance] − from[y]) to planes of
   * `toBytes` bytes at `to` and to those of BLOCK bytes at `work`. `from` may be `to`.
   */
  readonly bind: FunctionBuilder
  /** The same of M31, where `fromBytes` says nothing. */
  readonly bindBase: FunctionBuilder
  /** (values, to, toBytes, bytes): n1 + lambda·d1 in place of n1, among the copies at `values` and in planes at `to`. */
  readonly join: FunctionBuilder
}

export const emitBinds = (m: ModuleBuilder, scratch: Global): BindFunctions => ({
  bind: emitBind(m, scratch, false),
  bindBase: emitBind(m, scratch, true),
  join: emitJoin(m, scratch),
})

/** Locals that hold the addresses of `count` planes. */
function planesFrom(f: FunctionBuilder, first: Local, bytes: Local, count: number): readonly Local[] {
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

function emitBind(m: ModuleBuilder, scratch: Global, base: boolean): FunctionBuilder {
  const f = m.func('', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'])
  const s = simd(f)
  const [from, fromBytes, distance, to, toBytes, work, bytes] = f.params
  const [off, constants, copy] = [f.local('i32'), f.local('i32'), f.local('i32')]
  const [sources, targets] = [planesFrom(f, from, fromBytes, base ? 1 : 4), planesFrom(f, to, toBytes, 4)]
  const [r, low, step] = [takeLimbs(f), takeLimbs(f), takeLimbs(f)]
  workAt(scratch, f, CHALLENGE).set(constants)
  loadOperand(f, operand(constants, 0, 16), r)
  f.while(off, bytes, 16, () => {
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
    f.get(work, off).op('i32.add').set(copy)
    targets.forEach((target, l) => {
      f.get(step[l])
      s.canonical()
      f.set(step[l])
      f.get(target, off).op('i32.add').get(step[l]).store('v128.store')
    })
    storeOperand(f, operand(copy, 0, BLOCK), step)
  })
  return f
}

function emitJoin(m: ModuleBuilder, scratch: Global): FunctionBuilder {
  const f = m.func('', ['i32', 'i32', 'i32', 'i32'])
  const s = simd(f)
  const [values, to, toBytes, bytes] = f.params
  const [off, constants] = [f.local('i32'), f.local('i32')]
  const targets = planesFrom(f, to, toBytes, 4)
  const [, n1, , d1] = valuesAt(values)
  const [lambda, x, y] = [takeLimbs(f), takeLimbs(f), takeLimbs(f)]
  workAt(scratch, f, LAMBDA).set(constants)
  loadOperand(f, operand(constants, 0, 16), lambda)
  f.while(off, bytes, 16, () => {
    loadOperand(f, d1, x)
    mulLimbs(f, s, x, lambda, x)
    loadOperand(f, n1, y)
    addLimbs(f, s, x, y, x)
    for (const limb of x) {
      f.get(limb)
      s.canonical()
      f.set(limb)
    }
    storeOperand(f, n1, x)
    targets.forEach((target, l) => f.get(target, off).op('i32.add').get(x[l]).store('v128.store'))
    f.increment(values, 16)
  })
  return f
}
