import type { FunctionBuilder, Local, ModuleBuilder } from '@vouch/wasm'
import { simd } from './simd.ts'

/**
 * Planes and columns lie powers of two apart: read or written in turn, a vector each, a dozen of them drive each other out
 * of the caches. Kernels over many of them work on copies of a block.
 */
export interface BlockFunctions {
  /** (from, to, bytes): 16, 32 or a multiple of 64 bytes, here and below. */
  readonly copy: FunctionBuilder
  /** (from, distance, to, bytes): differences of values `distance` apart. */
  readonly subtract: FunctionBuilder
}

export function emitBlocks(m: ModuleBuilder): BlockFunctions {
  const copy = m.func('', ['i32', 'i32', 'i32'])
  const subtract = m.func('', ['i32', 'i32', 'i32', 'i32'])
  const s = simd(subtract)
  for (const f of [copy, subtract]) {
    const [from, to, bytes] = f === copy ? f.params : [f.param(0), f.param(2), f.param(3)]
    const [end, other] = [f.local('i32'), f.local('i32')]
    f.get(from, bytes).op('i32.add').set(end)
    if (f === subtract) f.get(from, f.param(1)).op('i32.add').set(other)
    const run = (step: 16 | 64): void => {
      f.while(from, end, step, () => {
        for (let k = 0; k < step; k += 16) {
          f.get(to)
          if (f === copy) f.get(from).load('v128.load', k)
          else {
            f.get(other).load('v128.load', k).get(from).load('v128.load', k)
            s.sub()
          }
          f.store('v128.store', k)
        }
        f.increment(to, step)
        if (f === subtract) f.increment(other, step)
      })
    }
    f.get(bytes)
      .i32(64)
      .op('i32.ge_u')
      .if(
        () => run(64),
        () => run(16),
      )
  }
  return { copy, subtract }
}

/** Calls `body` for each block of [off, to), with its size. Blocks end at multiples of `block` bytes, a power of two. */
export function eachBlock(
  f: FunctionBuilder,
  off: Local,
  to: Local,
  block: number,
  body: (bytes: Local) => void,
): void {
  const [bytes, most] = [f.local('i32'), f.local('i32')]
  f.while(off, to, block, () => {
    f.i32(block)
      .get(off)
      .i32(block - 1)
      .op('i32.and', 'i32.sub')
      .set(most)
    f.get(to, off).op('i32.sub').tee(bytes).get(most, bytes, most).op('i32.lt_u', 'select').set(bytes)
    body(bytes)
    f.get(off).i32(-block).op('i32.and').set(off)
  })
}
