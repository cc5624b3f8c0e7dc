import { blake3 } from '@noble/hashes/blake3.js'
import { describe, expect, it } from 'vitest'
import { keyedBlake3 } from '../src/blake3.ts'

describe('keyedBlake3', () => {
  it('agrees with @noble/hashes on every length around blocks and chunks', () => {
    const key = Uint8Array.from({ length: 32 }, (_, i) => 255 - 7 * i)
    const message = Uint8Array.from({ length: 3000 }, (_, i) => (i * i + 3 * i) & 255)
    const lengths = [
      ...Array.from({ length: 200 }, (_, i) => i),
      959,
      960,
      961,
      1022,
      1023,
      1024,
      1025,
      2048,
      3000,
    ]
    for (const length of lengths) {
      const part = message.subarray(0, length)
      expect(keyedBlake3(key, part), `${length} bytes`).toEqual(blake3(part, { key }))
    }
  })

  it('reads a view at any offset and leaves it alone', () => {
    const buffer = Uint8Array.from({ length: 100 }, (_, i) => i)
    const view = buffer.subarray(3, 70)
    const key = new Uint8Array(32)
    expect(keyedBlake3(key, view)).toEqual(blake3(view.slice(), { key }))
    expect(buffer[3]).toBe(3)
  })
})
