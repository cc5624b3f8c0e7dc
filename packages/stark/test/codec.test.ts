import { describe, expect, it } from 'vitest'
import { Reader, Writer, bytesOfInteger, bytesOfWords, wordsOfBytes } from '../src/codec.ts'
import { P } from '../src/field/m31.ts'

describe('codec', () => {
  it('writes words little-endian and reads them back, at any alignment', () => {
    const bytes = bytesOfWords([1, 0x01020304, P - 1])
    expect(Array.from(bytes.subarray(0, 8))).toEqual([1, 0, 0, 0, 4, 3, 2, 1])
    const shifted = new Uint8Array(13)
    shifted.set(bytes, 1)
    expect(Array.from(wordsOfBytes(shifted.subarray(1)))).toEqual([1, 0x01020304, P - 1])
  })

  it('writes integers up to 2^53 − 1', () => {
    for (const n of [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1])
      expect(new Reader(bytesOfInteger(n)).integer()).toBe(n)
  })

  it('keeps what was pushed past its first allocation', () => {
    const writer = new Writer()
    for (let i = 0; i < 3; i++) writer.push(new Uint8Array(50_000).fill(i))
    expect(writer.bytes().length).toBe(150_000)
    expect(writer.bytes()[149_999]).toBe(2)
  })

  it('proof/truncated: one byte too few', () => {
    expect(() => new Reader(new Uint8Array(7)).take(8)).toThrow(
      /proof\/truncated at byte 0: expected 8, got 7/,
    )
  })

  it('proof/not-canonical: P where 0 is meant', () => {
    expect(Array.from(new Reader(bytesOfWords([0, P - 1])).elements(2))).toEqual([0, P - 1])
    for (const word of [P, 2 ** 31, 2 ** 32 - 1])
      expect(() => new Reader(bytesOfWords([0, word])).elements(2)).toThrow(/proof\/not-canonical at byte 4/)
  })

  it('proof/trailing-bytes: one byte left over', () => {
    const reader = new Reader(new Uint8Array(5))
    reader.take(4)
    expect(() => reader.end()).toThrow(/proof\/trailing-bytes/)
  })
})
