import { keyedBlake3 } from '@vouch/hash'

const BLOCK_BYTES = 32

/** Bytes [at, at + count) of the stream of a 32-byte seed: block n is keyed BLAKE3 of n, 64 bits little-endian. */
export function seededBytes(seed: Uint8Array, at: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count)
  const message = new Uint8Array(8)
  const view = new DataView(message.buffer)
  for (let done = 0; done < count;) {
    const block = Math.floor((at + done) / BLOCK_BYTES)
    view.setUint32(0, block % 2 ** 32, true)
    view.setUint32(4, Math.floor(block / 2 ** 32), true)
    const from = (at + done) % BLOCK_BYTES
    const part = keyedBlake3(seed, message).subarray(from, from + count - done)
    bytes.set(part, done)
    done += part.length
  }
  return bytes
}
