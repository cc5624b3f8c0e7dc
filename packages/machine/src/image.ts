import { keyOf } from '@vouch/hash'
import { QM31_BLAKE3 } from '@vouch/stark'
import type { RomRows, Instruction } from './rom-rows.ts'
import { romRows } from './rom-rows.ts'
import type { ImageWords } from './run.ts'

/** What `imageId` binds beside the columns: enough to recompute it from a proof's header. */
export interface ImageHeader {
  /** Name of the proof profile: the root is over columns extended by its blowup. */
  readonly profile: string
  readonly logBlowup: number
  /** 32 bytes: the Merkle root of tree 'image'. */
  readonly root: Uint8Array
  /** log2 of the heights of the chips of tree 'image'. */
  readonly logHeights: { readonly rom: number; readonly image: number }
  readonly entry: number
  readonly sp: number
}

/** A program as the machine sees it. */
export interface Image {
  readonly entry: number
  readonly rom: RomRows
  readonly words: ImageWords
}

/** Decodes a program into what its image id commits to. */
export function imageOf(program: {
  readonly entry: number
  readonly code: readonly Instruction[]
  readonly wordAddr: Uint32Array
  readonly wordValue: Uint32Array
}): Image {
  const words = { addr: program.wordAddr, value: program.wordValue }
  for (let i = 0; i < words.addr.length; i++) {
    const ascends = i === 0 || words.addr[i] > words.addr[i - 1]
    if (!ascends || words.addr[i] % 4 !== 0 || words.addr[i] >= 2 ** 30)
      throw new RangeError(`initial word ${i} at ${words.addr[i]} is out of order`)
  }
  return { entry: program.entry, rom: romRows(program.code), words }
}

/** log2 of the heights of the chips of tree 'image'; never below `minLogHeight`. */
export function imageLogHeights(image: Image, minLogHeight: number): { rom: number; image: number } {
  const log = (rows: number): number => Math.max(minLogHeight, Math.ceil(Math.log2(Math.max(1, rows))))
  return { rom: log(image.rom.count), image: log(image.words.addr.length) }
}

/**
 * The preprocessed columns of tree 'image' by chip, in the chips' column order, in natural order, each of its
 * chip's height; padding rows are zero (family 0, not enabled).
 */
export function imageColumns(
  image: Image,
  minLogHeight: number,
): { rom: Uint32Array[]; image: Uint32Array[] } {
  const logs = imageLogHeights(image, minLogHeight)
  const padded = (source: Uint32Array, log: number): Uint32Array => {
    const column = new Uint32Array(2 ** log)
    column.set(source)
    return column
  }
  const { rom, words } = image
  return {
    rom: [rom.family, rom.pc, ...rom.fields].map((c) => padded(c, logs.rom)),
    image: [
      words.addr,
      words.value.map((v) => v & 0xffff),
      words.value.map((v) => v >>> 16),
      new Uint32Array(words.addr.length).fill(1),
    ].map((c) => padded(c, logs.image)),
  }
}

const IMAGE_KEY = keyOf('vouch image id v1')

/** The 32-byte image id: a digest of everything in the header, each part at a fixed place. */
export function imageId(header: ImageHeader): Uint8Array {
  if (header.root.length !== 32) throw new RangeError('a root has 32 bytes')
  const name = Uint8Array.from(header.profile, (ch) => ch.charCodeAt(0))
  const bytes = new Uint8Array(32 + 6 * 4 + name.length)
  bytes.set(header.root)
  const view = new DataView(bytes.buffer)
  const { rom, image } = header.logHeights
  ;[header.logBlowup, rom, image, header.entry, header.sp, name.length].forEach((word, i) =>
    view.setUint32(32 + 4 * i, word, true),
  )
  bytes.set(name, 56)
  return QM31_BLAKE3.hash(IMAGE_KEY, bytes)
}
