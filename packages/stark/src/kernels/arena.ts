import { MAX_PAGES, PAGE_BYTES, createMemory } from '@vouch/wasm'
import type { WasmMemory } from '@vouch/wasm'
import type { Pointer } from './kernels.ts'
import { OutOfMemory } from './kernels.ts'

/** Each growth of the memory costs the host about a millisecond, however small: 64 MiB at once. */
const GROWTH_PAGES = 1024

/** A bump allocator over one linear memory; see `Kernels` for what its methods promise. */
export interface Arena {
  readonly memory: WasmMemory
  readonly usage: { readonly words: number; readonly peakWords: number }
  alloc(words: number): Pointer
  allocUninitialized(words: number): Pointer
  mark(): number
  release(mark: number): void
  /** Runs `use` and gives back what it allocated. */
  scoped<T>(use: () => T): T
  words(pointer: Pointer, length: number): Uint32Array
}

/**
 * Memory whose first `reservedBytes` belong to the implementation. Pages never written cost address space only.
 * `maxWords` bounds what is given out. The largest address is kept one page below 4 GiB, so an end pointer is always an
 * unsigned 32-bit number. `garbage` is what uninitialized memory is filled with, for an implementation that would rather
 * be found out than be fast. `shared`: other threads see it.
 */
export function createArena(
  reservedBytes: number,
  maxWords = Infinity,
  { garbage, shared = false }: { readonly garbage?: number; readonly shared?: boolean } = {},
): Arena {
  const base = Math.ceil(Math.max(reservedBytes, 16) / 16) * 16
  const memory = createMemory(Math.ceil(base / PAGE_BYTES) + 1, { shared })
  const limit = Math.min(base + 4 * maxWords, (MAX_PAGES - 1) * PAGE_BYTES)
  let top = base
  let peak = base
  const growTo = (end: number, words: number): void => {
    const needed = Math.ceil((end - memory.buffer.byteLength) / PAGE_BYTES)
    if (needed <= 0) return
    const left = MAX_PAGES - memory.buffer.byteLength / PAGE_BYTES
    for (const pages of [Math.min(left, Math.max(needed, GROWTH_PAGES)), needed]) {
      try {
        memory.grow(pages)
        return
      } catch {
        // A host that refuses the larger step may allow the one that is needed.
      }
    }
    throw new OutOfMemory(`the host refused ${words} words`)
  }
  const take = (words: number): { pointer: Pointer; dirtyWords: number } => {
    const pointer = top
    const end = pointer + Math.ceil(words / 4) * 16
    if (end > limit) throw new OutOfMemory(`${words} words asked, ${(limit - top) / 4} left`)
    growTo(end, words)
    // Above the peak the memory is as the host gave it: zero.
    const dirtyWords = Math.max(0, Math.min(end, peak) - pointer) / 4
    top = end
    peak = Math.max(peak, end)
    return { pointer, dirtyWords }
  }
  const release = (mark: number): void => {
    if (mark < base || mark > top) throw new RangeError(`release(${mark}) outside [${base}, ${top}]`)
    top = mark
  }
  return {
    memory,
    usage: {
      get words() {
        return (top - base) / 4
      },
      get peakWords() {
        return (peak - base) / 4
      },
    },
    alloc(words) {
      const { pointer, dirtyWords } = take(words)
      new Uint32Array(memory.buffer, pointer, dirtyWords).fill(0)
      return pointer
    },
    allocUninitialized(words) {
      const { pointer } = take(words)
      if (garbage !== undefined) new Uint32Array(memory.buffer, pointer, words).fill(garbage)
      return pointer
    },
    mark: () => top,
    release,
    scoped(use) {
      const mark = top
      try {
        return use()
      } finally {
        release(mark)
      }
    },
    words: (pointer, length) => new Uint32Array(memory.buffer, pointer, length),
  }
}
