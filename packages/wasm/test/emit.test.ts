import { ByteBuffer, createMemory, instantiate, moduleBuilder } from '@vouch/wasm'
import { describe, expect, it } from 'vitest'

describe('emit', () => {
  it('writes LEB128 of the edges', () => {
    const bytes = (write: (b: ByteBuffer) => void): number[] => {
      const buffer = new ByteBuffer(1)
      write(buffer)
      return [...buffer.view()]
    }
    const u = (n: number): number[] => bytes((b) => b.unsigned(n))
    const s = (n: number): number[] => bytes((b) => b.signed(n))
    expect([u(0), u(127), u(128), u(624485)]).toEqual([[0], [127], [128, 1], [0xe5, 0x8e, 0x26]])
    expect([s(0), s(63), s(64), s(-64), s(-65), s(-123456), s(-(2 ** 31)), s(2 ** 31 - 1)]).toEqual([
      [0],
      [63],
      [0xc0, 0],
      [0x40],
      [0xbf, 0x7f],
      [0xc0, 0xbb, 0x78],
      [0x80, 0x80, 0x80, 0x80, 0x78],
      [0xff, 0xff, 0xff, 0xff, 0x07],
    ])
  })

  it('runs loops, branches and calls', () => {
    const m = moduleBuilder()
    const square = m.func('', ['i32'], ['i32'])
    square.get(square.param(0), square.param(0)).op('i32.mul')
    const f = m.func('sumOfSquares', ['i32'], ['i32'])
    const [i, sum] = [f.local('i32'), f.local('i32')]
    f.while(i, f.param(0), 1, () => {
      f.get(i).i32(5).op('i32.eq')
      f.if(
        () => f.increment(sum, 1000),
        () => f.get(sum, i).call(square).op('i32.add').set(sum),
      )
    })
    f.get(sum)
    const { sumOfSquares } = instantiate(m.bytes(), { memory: createMemory(1) })
    expect([0, 1, 4, 7].map((n) => sumOfSquares!(n))).toEqual([0, 0, 14, 1000 + 14 + 16 + 36])
  })
})
