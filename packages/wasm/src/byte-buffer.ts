/** Bytes in the order they are appended, in one array that grows fourfold. */
export class ByteBuffer {
  #bytes: Uint8Array<ArrayBuffer>
  #length = 0

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** The low 8 bits of `b`. */
  byte(b: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1)
    this.#bytes[this.#length++] = b
  }

  append(bytes: ArrayLike<number>): void {
    if (this.#length + bytes.length > this.#bytes.length) this.#grow(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Unsigned LEB128 of an integer 0 <= n < 2^53. */
  unsigned(n: number): void {
    let rest = n
    for (; rest >= 2 ** 31; rest = Math.floor(rest / 128)) this.byte((rest % 128) | 128)
    for (; rest >= 128; rest >>>= 7) this.byte((rest & 127) | 128)
    this.byte(rest)
  }

  /** Signed LEB128 of an integer -2^53 < n < 2^53. */
  signed(n: number): void {
    let rest = n
    for (; rest < -(2 ** 31) || rest >= 2 ** 31; rest = Math.floor(rest / 128)) {
      this.byte((rest - 128 * Math.floor(rest / 128)) | 128)
    }
    for (; rest < -64 || rest >= 64; rest >>= 7) this.byte((rest & 127) | 128)
    this.byte(rest & 127)
  }

  /** A view of everything appended, dead after the next append. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }

  #grow(by: number): void {
    const grown = new Uint8Array(Math.max(this.#length + by, 4 * this.#bytes.length))
    grown.set(this.view())
    this.#bytes = grown
  }
}
