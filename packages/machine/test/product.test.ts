import { describe, expect, it } from 'vitest'
import { bytesOf, sums } from '../src/product.ts'
import { problem } from './harness.ts'
import { one, registers } from './kill-rows.ts'

const EXTREMES = [0, 1, 255, 0x7fffffff, 0x80000000, 0x80ffffff, 0x8000ff00, 0xffffffff, 0xffff0000]

describe('products by bytes', () => {
  it('are the bytes of a word, the last one with its sign', () => {
    expect(bytesOf(0x80ff7f01, 0)).toEqual([1, 127, 255, 128])
    expect(bytesOf(0x80ff7f01, 1)).toEqual([1, 127, 255, -128])
    expect(bytesOf(0x7fffffff, 1)).toEqual([255, 255, 255, 127])
  })
  it('have sums and carries within the bounds that the checks of carries rely on', () => {
    const bytes = EXTREMES.flatMap((word) => [bytesOf(word, 0), bytesOf(word, 1)])
    for (const x of bytes)
      for (const y of bytes) {
        let carry = 0
        for (const terms of sums(x, y)) {
          // The remainder of a division comes on top.
          expect(carry + terms + 65535).toBeLessThan(2 ** 26 - 1)
          expect(carry + terms).toBeGreaterThan(2 ** 26 - 2 ** 31)
          carry = Math.floor((carry + terms) / 65536)
          expect(carry).toBeLessThan(2 ** 10)
          expect(carry).toBeGreaterThanOrEqual(2 ** 10 - 2 ** 15)
        }
      }
  })
  it.each(['mul', 'mulh', 'mulhsu', 'mulhu', 'div', 'divu', 'rem', 'remu'])(
    '%s of extremes balances',
    (name) => {
      for (const x of EXTREMES)
        for (const y of EXTREMES.slice(name.startsWith('m') ? 4 : 0))
          expect(problem(one([name, registers], x, y))).toBeUndefined()
    },
  )
})
