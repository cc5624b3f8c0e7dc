import { RAM_SIZE } from '@vouch/engine'

/*
 * The memory map as the kernel keeps it. RAM is flat: loads and stores of the guest are not checked against it, only
 * what the kernel itself copies.
 *
 *   0x10000000  heap, up to the break
 *   0x20000000  mmap area, handed out upward and never twice, so that a new page is zero
 *   0x38000000  stack
 */

export const PAGE_BYTES = 4096
export const PAGES = RAM_SIZE / PAGE_BYTES
export const HEAP_START = 0x10000000
export const HEAP_END = 0x20000000
export const MMAP_START = 0x20000000
export const MMAP_END = 0x38000000
/** Most bytes that one call moves or clears. */
export const MAX_TRANSFER = 2 ** 24

/** Rights of a page: PROT_READ, PROT_WRITE, PROT_EXEC, and that there is a page. */
export const READ = 1
export const WRITE = 2
export const EXEC = 4
export const PRESENT = 8
export const ABSENT = 0
/** Of a page that no call ever mentioned. */
export const DEFAULT_RIGHTS = PRESENT | READ | WRITE

const CHUNK_BITS = 10
const CHUNK_PAGES = 1 << CHUNK_BITS
const CHUNKS = PAGES / CHUNK_PAGES

/** Rights of 1024 pages. Never changed; equal chunks of one value are one object. */
export type Chunk = Uint8Array
/** Rights of all pages. Never changed. */
export type PageMap = readonly Chunk[]

const UNIFORM: readonly Chunk[] = Array.from({ length: 16 }, (_, rights) =>
  new Uint8Array(CHUNK_PAGES).fill(rights),
)
export const DEFAULT_CHUNK = UNIFORM[DEFAULT_RIGHTS]
export const INITIAL_MAP: PageMap = Array.from({ length: CHUNKS }, () => DEFAULT_CHUNK)

export const rightsOf = (map: PageMap, page: number): number =>
  map[page >>> CHUNK_BITS][page & (CHUNK_PAGES - 1)]

/** The map with other rights for `count` pages; the same object if they had them. */
export function withRights(map: PageMap, first: number, count: number, rights: number): PageMap {
  let changed: Chunk[] | undefined
  for (let page = first; page < first + count;) {
    const index = page >>> CHUNK_BITS
    const from = page & (CHUNK_PAGES - 1)
    const to = Math.min(CHUNK_PAGES, from + first + count - page)
    const chunk = refill(map[index], from, to, rights)
    if (chunk !== map[index]) (changed ??= map.slice())[index] = chunk
    page += to - from
  }
  return changed ?? map
}

function refill(chunk: Chunk, from: number, to: number, rights: number): Chunk {
  const whole = UNIFORM[rights]
  if (chunk === whole || (from === 0 && to === CHUNK_PAGES)) return whole
  let same = true
  for (let i = from; i < to && same; i++) same = chunk[i] === rights
  if (same) return chunk
  const next = chunk.slice().fill(rights, from, to)
  for (let i = 0; i < CHUNK_PAGES; i++) if (next[i] !== rights) return next
  return whole
}

type Test = (rights: number) => boolean

const known = new WeakMap<Chunk, Map<Test, boolean>>()

/** Whether all pages of a chunk pass; found out once, as a chunk never changes. */
function passes(chunk: Chunk, good: Test): boolean {
  let tests = known.get(chunk)
  if (tests === undefined) known.set(chunk, (tests = new Map()))
  let answer = tests.get(good)
  if (answer === undefined) tests.set(good, (answer = chunk.every(good)))
  return answer
}

/** The first of `count` pages whose rights are not `good`, or -1. `good` is one of a few functions. */
export function firstWithout(map: PageMap, first: number, count: number, good: Test): number {
  for (let page = first; page < first + count;) {
    const chunk = map[page >>> CHUNK_BITS]
    if (passes(chunk, good)) page = ((page >>> CHUNK_BITS) + 1) << CHUNK_BITS
    else if (good(chunk[page & (CHUNK_PAGES - 1)])) page++
    else return page
  }
  return -1
}

const isPresent = (rights: number): boolean => rights !== ABSENT

/** The first of `count` pages that is absent, or -1. */
export const firstAbsent = (map: PageMap, first: number, count: number): number =>
  firstWithout(map, first, count, isPresent)

/** As in Linux, a right to write is a right to read. */
export const mayRead = (rights: number): boolean => (rights & (READ | WRITE)) !== 0
export const mayWrite = (rights: number): boolean => (rights & WRITE) !== 0

export const pageUp = (address: number): number => Math.ceil(address / PAGE_BYTES) * PAGE_BYTES
