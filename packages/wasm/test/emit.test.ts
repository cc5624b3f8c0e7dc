import {
  ByteBuffer,
  PAGE_BYTES,
  compile,
  createMemory,
  createTable,
  instantiate,
  link,
  moduleBuilder,
} from '@vouch/wasm'
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
    expect([u(2 ** 32 - 1), u(2 ** 35 + 1)]).toEqual([
      [0xff, 0xff, 0xff, 0xff, 0x0f],
      [0x81, 0x80, 0x80, 0x80, 0x80, 0x01],
    ])
    expect([s(2 ** 32), s(-(2 ** 32))]).toEqual([
      [0x80, 0x80, 0x80, 0x80, 0x10],
      [0x80, 0x80, 0x80, 0x80, 0x70],
    ])
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

  it('branches by a table, calls through another, and links a module with two memories', () => {
    const m = moduleBuilder({ table: true })
    const f = m.func('pick', ['i32'], ['i32'])
    f.block((last) => {
      f.block((second) => {
        f.block((first) => f.get(f.param(0)).brTable([first, second], last))
        f.i32(10).op('return')
      })
      f.i32(20).op('return')
    })
    f.i32(30)
    const through = m.func('through', ['i32', 'i32'], ['i32'])
    through.get(through.param(0), through.param(1)).callIndirect(f)
    const store = m.func('store', ['i32'])
    store.get(store.param(0)).i32(-2).store('i32.store8', 1)
    const load = m.func('load', ['i32'], ['i32'])
    load.get(load.param(0)).load('i32.load8_s', 1)
    const module = compile(m.bytes())
    const linked = [1, 2].map(() => {
      const [memory, table] = [createMemory(1, 1), createTable()]
      expect([table.grow(2), memory.buffer.byteLength]).toEqual([0, PAGE_BYTES])
      return { table, run: link(module, { memory, table }) }
    })
    const [{ table, run }, other] = linked
    expect([0, 1, 2, 7, -1].map((n) => run.pick(n))).toEqual([10, 20, 30, 30, 30])
    table.set(1, run.pick)
    expect(run.through(1, 1)).toBe(20)
    expect(() => run.through(1, 0)).toThrow()
    run.store(40)
    expect([run.load(40), other.run.load(40)]).toEqual([-2, 0])
  })
})
