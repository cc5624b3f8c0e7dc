import { compile } from '@vouch/wasm'
import type { WasmModule } from '@vouch/wasm'
import type { Program } from './elf.ts'
import type { Code } from './machine.ts'
import { MAX_REGIONS, dispatcher, entryOf, regionModule } from './jit-emit.ts'
import { regionAt } from './jit-region.ts'

/** Most instructions that are compiled of a program, counting those that lie in several regions again. */
const MAX_COMPILED = 1 << 16

/** A region, and the words that the map has for its entries. */
interface Region {
  readonly module: WasmModule
  readonly entries: readonly { readonly at: number; readonly word: number }[]
}

/** The compiled code of a program, for running or for tracing; grows with what its runs come to. */
export interface Image {
  readonly code: Code
  readonly traced: boolean
  readonly dispatcher: WasmModule
  readonly regions: readonly Region[]
  /** What `entryOf` gives for each word of code that is an entry, 0 for others. */
  readonly map: Int32Array
  /** How often the run came to each word of code and found no entry there; see `jit.ts`. */
  readonly heat: Uint8Array
  /** Makes `pc` an entry; false where that cannot be. */
  readonly add: (pc: number) => boolean
}

const images = new WeakMap<Program, Map<boolean, Image>>()

/** The image of a program, one for the process, however many runs go on. Throws what WebAssembly throws. */
export function imageOf(program: Program, code: Code, traced: boolean): Image {
  const both = images.get(program) ?? new Map<boolean, Image>()
  images.set(program, both)
  const image = both.get(traced) ?? makeImage(code, traced)
  both.set(traced, image)
  return image
}

/** Whether an earlier run had code compiled. */
export const hasImage = (program: Program, traced: boolean): boolean =>
  (images.get(program)?.get(traced)?.regions.length ?? 0) > 0

function makeImage(code: Code, traced: boolean): Image {
  const { base, table } = code
  const words = table.length / 2
  const regions: Region[] = []
  const map = new Int32Array(words)
  let room = MAX_COMPILED
  const indexOf = (pc: number): number => (pc - base) >>> 2
  return {
    code,
    traced,
    dispatcher: compile(dispatcher(code)),
    regions,
    map,
    heat: new Uint8Array(words),
    add(pc) {
      if (room <= 0 || regions.length === MAX_REGIONS) return false
      const segments = regionAt(code, pc, (other) => map[indexOf(other)] !== 0)
      if (segments.length === 0) return false
      const id = regions.length + 1
      const bytes = regionModule(code, id, segments, traced)
      room -= segments.reduce((n, segment) => n + segment.code.length, 0)
      try {
        const module = compile(bytes)
        const entries = segments
          .filter((segment) => segment.entry)
          .map((segment, i) => ({ at: indexOf(segment.pc), word: entryOf(id, i) }))
        for (const { at, word } of entries) map[at] = word
        regions.push({ module, entries })
        return true
      } catch {
        room = 0
        return false
      }
    },
  }
}
