import type { Program } from './elf.ts'
import { RAM_SIZE } from './trace-types.ts'

export const PAGE_BITS = 12
export const PAGE_BYTES = 1 << PAGE_BITS
export const PAGE_WORDS = PAGE_BYTES >>> 2

/** 4 KiB of guest memory, made when first touched. `times` holds each word's last timestamp where a run is traced. */
export interface Page {
  /** The same memory as `words`, little-endian. */
  bytes: Uint8Array
  words: Int32Array
  times: Uint32Array
}

export const NO_TIMES = new Uint32Array(0)

/** Sparse guest RAM. The page of an address below 2^30 is `pages[address >>> 12]`. */
export interface Memory {
  readonly pages: (Page | undefined)[]
  /** Makes a page; call it when `pages` has none. */
  touch: (index: number) => Page
  /** Whether pages lie where compiled code looks for them, and so cannot be other memory. */
  placed: boolean
}

/** The page of an address, made if there is none. */
export const pageOf = (memory: Memory, address: number): Page =>
  memory.pages[address >>> PAGE_BITS] ?? memory.touch(address >>> PAGE_BITS)

/** Where in its page the word of an address is. */
export const wordOf = (address: number): number => (address >>> 2) & (PAGE_WORDS - 1)

export function emptyPage(traced: boolean): Page {
  const words = new Int32Array(PAGE_WORDS)
  const times = traced ? new Uint32Array(PAGE_WORDS) : NO_TIMES
  return { bytes: new Uint8Array(words.buffer), words, times }
}

export function memoryOf(program: Program, traced: boolean): Memory {
  // As long as it will ever be, so that no look-up leaves it; six times as fast as Array.from.
  const pages: (Page | undefined)[] = []
  pages.length = RAM_SIZE >>> PAGE_BITS
  pages.fill(undefined)
  const memory: Memory = { pages, touch: (index) => (pages[index] = emptyPage(traced)), placed: false }
  const { wordAddr, wordValue } = program
  for (let i = 0; i < wordAddr.length; i++) {
    pageOf(memory, wordAddr[i]).words[wordOf(wordAddr[i])] = wordValue[i]
  }
  return memory
}
