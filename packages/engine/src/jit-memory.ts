import { PAGE_BYTES as WASM_PAGE_BYTES, MAX_PAGES, createMemory, createTable, link } from '@vouch/wasm'
import type { WasmFunction, WasmTable } from '@vouch/wasm'
import type { Image } from './jit-image.ts'
import { AT, COLUMNS, frameBytes } from './jit-layout.ts'
import { NO_TIMES, PAGE_BYTES, PAGE_WORDS, emptyPage } from './memory.ts'
import type { Memory, Page } from './memory.ts'
import { RAM_SIZE, REGISTER_SLOTS } from './trace-types.ts'
import type { TraceChunk } from './trace-types.ts'

const NO_BYTES = new Uint8Array(0)
const NO_WORDS = new Int32Array(0)
const MIN_FRAMES = 256
const MAX_FRAMES = RAM_SIZE / PAGE_BYTES

const align = (n: number): number => Math.ceil(n / WASM_PAGE_BYTES) * WASM_PAGE_BYTES

/** One linear memory, and the functions linked with it. */
interface Linked {
  readonly buffer: ArrayBufferLike
  readonly words: Int32Array
  readonly registers: Int32Array
  readonly times: Uint32Array
  readonly table: WasmTable
  readonly enter: WasmFunction
  readonly link: (region: number) => void
  readonly framesAt: number
  readonly frames: number
}

/**
 * The guest memory of one run where compiled code finds it. It takes a guest memory over: from then on each page is a
 * view of a frame. When frames run out, all goes on in a larger linear memory.
 */
export class JitMemory {
  readonly #image: Image
  readonly #guest: Memory
  /** Index of the page in each frame. */
  readonly #pages: number[] = []
  #linked: Linked
  #regions = 0
  /** False once there was no address space to go on in; the guest memory has then been given up. */
  usable = true

  /** Throws a RangeError where there is no address space; the guest memory is then as it was. */
  constructor(image: Image, guest: Memory) {
    this.#image = image
    this.#guest = guest
    const present: number[] = []
    // A loop is a hundred times as fast as flatMap here.
    for (let index = 0; index < MAX_FRAMES; index++) if (guest.pages[index] !== undefined) present.push(index)
    this.#linked = this.#reserve(4 * present.length)
    for (const index of present) this.#place(index, guest.pages[index]!)
    guest.placed = true
    guest.touch = (index) => this.#touch(index)
  }

  get registers(): Int32Array {
    return this.#linked.registers
  }
  get times(): Uint32Array {
    return this.#linked.times
  }
  get words(): Int32Array {
    return this.#linked.words
  }

  /** Runs compiled code from an entry; see `jit-emit.ts`. */
  enter(pc: number): number {
    const { regions } = this.#image
    while (this.#regions < regions.length) this.#linked.link(this.#regions++)
    return this.#linked.enter(pc)
  }

  /** Copies the `count` rows of the stage into a chunk from row `row` on, and clears the stage. */
  takeRows(count: number, chunk: TraceChunk, row: number): void {
    const { words } = this.#linked
    for (const name of COLUMNS) {
      const at = AT.column[name] >>> 2
      const column = chunk[name]
      // Two calls cost as much as copying some dozen cells.
      if (count < 24)
        for (let i = 0; i < count; i++) {
          column[row + i] = words[at + i]
          words[at + i] = 0
        }
      else {
        column.set(words.subarray(at, at + count), row)
        words.fill(0, at, at + count)
      }
    }
  }

  #touch(index: number): Page {
    const { frames } = this.#linked
    if (this.#pages.length === frames) this.#move(4 * frames)
    if (!this.usable) return this.#guest.touch(index)
    const page = { bytes: NO_BYTES, words: NO_WORDS, times: NO_TIMES }
    this.#guest.pages[index] = page
    this.#place(index, page)
    return page
  }

  /** Gives the pages memory of their own again. */
  #giveUp(): void {
    const { traced } = this.#image
    const { pages } = this.#guest
    for (const index of this.#pages) {
      const page = pages[index]!
      const own = emptyPage(traced)
      own.words.set(page.words)
      own.times.set(page.times)
      Object.assign(page, own)
    }
    this.usable = false
    this.#guest.placed = false
    this.#guest.touch = (index) => (pages[index] = emptyPage(traced))
  }

  /** Copies a page into the next frame and makes it a view of that. */
  #place(index: number, page: Page): void {
    const { words, times } = page
    this.#view(index, page, this.#pages.length)
    this.#pages.push(index)
    page.words.set(words)
    page.times.set(times)
  }

  #view(index: number, page: Page, frame: number): void {
    const { buffer, words, framesAt } = this.#linked
    const { traced } = this.#image
    const at = framesAt + frameBytes(traced) * frame
    page.bytes = new Uint8Array(buffer, at, PAGE_BYTES)
    page.words = new Int32Array(buffer, at, PAGE_WORDS)
    page.times = traced ? new Uint32Array(buffer, at + PAGE_BYTES, PAGE_WORDS) : NO_TIMES
    words[(AT.directory >>> 2) + index] = at
  }

  /** Goes on in another linear memory, with what is in the frames, or gives up. */
  #move(frames: number): void {
    const old = this.#linked
    try {
      this.#linked = this.#reserve(frames)
    } catch {
      this.#giveUp()
      return
    }
    this.#regions = 0
    const bytes = this.#pages.length * frameBytes(this.#image.traced)
    new Uint8Array(this.#linked.buffer).set(
      new Uint8Array(old.buffer, old.framesAt, bytes),
      this.#linked.framesAt,
    )
    this.#pages.forEach((index, frame) => this.#view(index, this.#guest.pages[index]!, frame))
  }

  #reserve(wanted: number): Linked {
    const { traced, dispatcher, map, regions } = this.#image
    const frames = Math.min(Math.max(wanted, MIN_FRAMES), MAX_FRAMES)
    const framesAt = align(AT.map + 4 * map.length)
    const pages = align(framesAt + frames * frameBytes(traced)) / WASM_PAGE_BYTES
    if (pages > MAX_PAGES) throw new RangeError(`${pages} pages are more than a linear memory has`)
    const memory = createMemory(pages, { maximum: pages })
    const { buffer } = memory
    const words = new Int32Array(buffer)
    const table = createTable()
    table.grow(1)
    return {
      buffer,
      words,
      registers: new Int32Array(buffer, AT.registers, REGISTER_SLOTS),
      times: new Uint32Array(buffer, AT.times, REGISTER_SLOTS),
      table,
      enter: link(dispatcher, { memory, table }).run,
      link(region) {
        const { module, entries } = regions[region]
        table.set(table.grow(1), link(module, { memory }).run)
        for (const { at, word } of entries) words[(AT.map >>> 2) + at] = word
      },
      framesAt,
      frames,
    }
  }
}
