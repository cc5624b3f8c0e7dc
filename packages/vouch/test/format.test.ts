import { describe, expect, it } from 'vitest'
import {
  bits,
  byteSize,
  count,
  plain,
  printableText,
  rate,
  seconds,
  shownBytes,
  toJson,
} from '../src/format.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('format', () => {
  it('numbers', () => {
    expect(count(1234567)).toBe('1 234 567')
    expect(seconds(0.0123)).toBe('12.3 ms')
    expect(seconds(4.561)).toBe('4.56 s')
    expect(byteSize(1536)).toBe('1.50 KiB')
    expect(byteSize(1023)).toBe('1023 B')
    expect(rate(150_000, 2, 'cycles')).toBe('75.0 k cycles/s')
    expect(rate(1, 0, 'cycles')).toBe('0.00 cycles/s')
    expect(bits(99.99)).toBe('99.9')
  })

  it('nothing that a terminal acts on survives', () => {
    expect(plain('a\u001b[2Jb\u202ec\u0085d\r\n')).toBe('a?[2Jb?c?d??')
    expect(printableText(bytes('ok\n'))).toBe('"ok\\n"')
    expect(printableText(bytes('\u001b[2J'))).toBeUndefined()
    expect(printableText(bytes('\u202e'))).toBeUndefined()
    expect(printableText(Uint8Array.of(0xff, 0xfe))).toBeUndefined()
  })

  it('bytes', () => {
    expect(shownBytes(new Uint8Array(0))).toBe('(empty)')
    expect(shownBytes(bytes('hi'))).toBe('6869  "hi"')
    expect(shownBytes(new Uint8Array(1000), 2)).toBe('0000… (1 000 bytes)')
  })

  it('JSON holds bytes as hex and is always JSON', () => {
    const value = { a: Uint8Array.of(1, 255), b: 2n ** 60n, c: Infinity, d: Uint32Array.of(7), e: undefined }
    expect(JSON.parse(toJson(value))).toEqual({ a: '01ff', b: '1152921504606846976', c: 'Infinity', d: [7] })
  })
})
