import type { Pointer } from './kernels.ts'
import { OutOfMemory } from './kernels.ts'
import { MAX_PAGES, PAGE_BYTES, createMemory } from './webassembly.ts'
import type { WasmMemory } from './webassembly.ts'

/** A bump allocator over one linear memory. */
export interface Arena {
  readonly memory: WasmMemory
  readonly usage: { readonly words: number; readonly peakWords: number }
  alloc(words: number): Pointer
  mark(): number
  release(mark: number): void
  words(pointer: Pointer, length: number): Uint32Array
}

/**
 * Memory whose first `reservedBytes` belong to the implementation. Pages never written cost address space only.
 * `maxWords` bounds what `alloc` gives out. The largest address is kept one page below 4 GiB, so an end pointer is
 * always an unsigned 32-bit number.
 */
export function createArena(reservedBytes: number, maxWords = Infinity): Arena {
  const base = Math.ceil(Math.max(reservedBytes, 16) / 16) * 16
  const memory = createMemory(Math.ceil(base / PAGE_BYTES) + 1)
  const limit = Math.min(base + 4 * maxWords, (MAX_PAGES - 1) * PAGE_BYTES)
  let top = base
  let peak = base
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
      const pointer = top
      const end = pointer + Math.ceil(words / 4) * 16
      if (end > limit) throw new OutOfMemory(`${words} words asked, ${(limit - top) / 4} left`)
      if (end > memory.buffer.byteLength) {
        try {
          memory.grow(Math.ceil((end - memory.buffer.byteLength) / PAGE_BYTES))
        } catch {
          throw new OutOfMemory(`the host refused ${words} words`)
        }
      }
      // Above the peak the memory is as the host gave it: zero.
      const dirty = Math.min(end, peak)
      if (dirty > pointer) new Uint32Array(memory.buffer, pointer, (dirty - pointer) / 4).fill(0)
      top = end
      peak = Math.max(peak, end)
      return pointer
    },
    mark: () => top,
    release(mark) {
      if (mark < base || mark > top) throw new RangeError(`release(${mark}) outside [${base}, ${top}]`)
      top = mark
    },
    words: (pointer, length) => new Uint32Array(memory.buffer, pointer, length),
  }
}
