import type { Program } from './elf.ts'
import { RAM_SIZE } from './trace-types.ts'

export const PAGE_BITS = 12
export const PAGE_WORDS = 1 << (PAGE_BITS - 2)

/** 4 KiB of guest memory, made when first touched. `times` holds each word's last timestamp where a run is traced. */
export interface Page {
  readonly words: Int32Array
  readonly times: Uint32Array
}

const NO_TIMES = new Uint32Array(0)

/** Sparse guest RAM. The page of an address below 2^30 is `pages[address >>> 12]`. */
export interface Memory {
  readonly pages: (Page | undefined)[]
  /** Makes a page; call it when `pages` has none. */
  readonly touch: (index: number) => Page
}

export function memoryOf(program: Program, traced: boolean): Memory {
  const pages: (Page | undefined)[] = Array.from({ length: RAM_SIZE >>> PAGE_BITS })
  const touch = (index: number): Page => {
    const page = { words: new Int32Array(PAGE_WORDS), times: traced ? new Uint32Array(PAGE_WORDS) : NO_TIMES }
    pages[index] = page
    return page
  }
  const { wordAddr, wordValue } = program
  for (let i = 0; i < wordAddr.length; i++) {
    const page = pages[wordAddr[i] >>> PAGE_BITS] ?? touch(wordAddr[i] >>> PAGE_BITS)
    page.words[(wordAddr[i] >>> 2) & (PAGE_WORDS - 1)] = wordValue[i]
  }
  return { pages, touch }
}
