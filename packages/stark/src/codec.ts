import { Rejection } from './failure.ts'
import { P } from './field/m31.ts'

/** Whether this machine keeps words as proofs do. */
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/** Little-endian bytes of 32-bit words. */
export function bytesOfWords(words: ArrayLike<number>): Uint8Array {
  if (LITTLE_ENDIAN) return new Uint8Array(new Uint32Array(words).buffer)
  const bytes = new Uint8Array(words.length * 4)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < words.length; i++) view.setUint32(i * 4, words[i], true)
  return bytes
}

/** Little-endian 32-bit words of bytes, whose length is a multiple of 4. */
export function wordsOfBytes(bytes: Uint8Array): Uint32Array {
  // Not bytes.slice(), which of a Node Buffer is a view.
  if (LITTLE_ENDIAN) return new Uint32Array(new Uint8Array(bytes).buffer)
  const words = new Uint32Array(bytes.length / 4)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let i = 0; i < words.length; i++) words[i] = view.getUint32(i * 4, true)
  return words
}

/** Eight bytes, little-endian, of an integer 0 <= n < 2^53. */
export function bytesOfInteger(n: number): Uint8Array {
  const bytes = new Uint8Array(8)
  putInteger(bytes, 0, n)
  return bytes
}

/** Writes those eight bytes at `at`. */
export function putInteger(bytes: Uint8Array, at: number, n: number): void {
  const high = Math.floor(n / 2 ** 32)
  for (let i = 0; i < 4; i++) {
    bytes[at + i] = n >>> (8 * i)
    bytes[at + 4 + i] = high >>> (8 * i)
  }
}

/** Bytes in the order they are pushed. */
export class Writer {
  #bytes = new Uint8Array(1 << 16)
  #length = 0

  get length(): number {
    return this.#length
  }

  push(bytes: Uint8Array): void {
    const end = this.#length + bytes.length
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2))
      grown.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = grown
    }
    this.#bytes.set(bytes, this.#length)
    this.#length = end
  }

  /** A copy of everything pushed. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }
}

/** Reads hostile bytes front to back; every length is known to the caller beforehand. */
export class Reader {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** A view of the next `length` bytes. Rejects 'proof/truncated'. */
  take(length: number): Uint8Array {
    const left = this.#bytes.length - this.#offset
    if (length > left) throw new Rejection('proof/truncated', `byte ${this.#offset}`, length, left)
    const start = this.#offset
    this.#offset += length
    return this.#bytes.subarray(start, this.#offset)
  }

  /** The next `count` field elements, each below P. Rejects 'proof/not-canonical'. */
  elements(count: number): Uint32Array {
    const start = this.#offset
    const words = wordsOfBytes(this.take(count * 4))
    for (let i = 0; i < count; i++)
      if (words[i] >= P)
        throw new Rejection('proof/not-canonical', `byte ${start + 4 * i}`, `< ${P}`, words[i])
    return words
  }

  /** The next 8 bytes as an integer below 2^53. Rejects 'proof/not-canonical'. */
  integer(): number {
    const start = this.#offset
    const [low, high] = wordsOfBytes(this.take(8))
    if (high >= 2 ** 21)
      throw new Rejection('proof/not-canonical', `byte ${start}`, '< 2^53', `high word ${high}`)
    return high * 2 ** 32 + low
  }

  /** Rejects 'proof/trailing-bytes' unless everything was read. */
  end(): void {
    if (this.#offset !== this.#bytes.length)
      throw new Rejection('proof/trailing-bytes', 'end', this.#offset, this.#bytes.length)
  }
}
