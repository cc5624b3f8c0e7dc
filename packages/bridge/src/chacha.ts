const BLOCK_BYTES = 64

/** Bytes [at, at + count) of the ChaCha20 stream of a 32-byte key with nonce 0, from block 0. RFC 8439, section 2.4. */
export function chachaBytes(key: Uint8Array, at: number, count: number): Uint8Array {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength)
  const input = new Uint32Array(16)
  input.set([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574])
  for (let i = 0; i < 8; i++) input[4 + i] = view.getUint32(4 * i, true)
  const bytes = new Uint8Array(count)
  const block = new Uint8Array(BLOCK_BYTES)
  for (let done = 0; done < count;) {
    const number = Math.floor((at + done) / BLOCK_BYTES)
    // The counter has 32 bits; what does not fit goes on in the nonce.
    input[12] = number
    input[13] = Math.floor(number / 2 ** 32)
    chachaBlock(input, block)
    const from = (at + done) % BLOCK_BYTES
    const part = block.subarray(from, Math.min(BLOCK_BYTES, from + count - done))
    bytes.set(part, done)
    done += part.length
  }
  return bytes
}

/** RFC 8439, section 2.3. */
export function chachaBlock(input: Uint32Array, block: Uint8Array): void {
  const x = input.slice()
  const quarter = (a: number, b: number, c: number, d: number): void => {
    x[a] += x[b]
    x[d] = rotate(x[d] ^ x[a], 16)
    x[c] += x[d]
    x[b] = rotate(x[b] ^ x[c], 12)
    x[a] += x[b]
    x[d] = rotate(x[d] ^ x[a], 8)
    x[c] += x[d]
    x[b] = rotate(x[b] ^ x[c], 7)
  }
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 4; i++) quarter(i, 4 + i, 8 + i, 12 + i)
    for (let i = 0; i < 4; i++) quarter(i, 4 + ((i + 1) & 3), 8 + ((i + 2) & 3), 12 + ((i + 3) & 3))
  }
  const view = new DataView(block.buffer, block.byteOffset)
  for (let i = 0; i < 16; i++) view.setUint32(4 * i, x[i] + input[i], true)
}

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits))
