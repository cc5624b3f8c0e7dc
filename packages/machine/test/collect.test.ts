import { describe, expect, it } from 'vitest'
import { collect } from '../src/collect.ts'
import { foundAt, GAP_UNIT, gapList, NEAR } from '../src/gaps.ts'
import { imageOf, Unprovable } from '../src/index.ts'
import { memoryRows } from '../src/memory-rows.ts'
import { exit, program } from './harness.ts'
import { runTiny } from './tiny-machine.ts'

describe('gaps', () => {
  it('start where an access can no longer look back', () => {
    const list = gapList()
    list.bridge(1, 5, 6, 7, 10, 10 + 65536)
    expect(list.rows().count).toBe(0)
    expect(foundAt(10 + 65536, 10)).toBe(10)
    list.bridge(1, 5, 6, 7, 10, 11 + 65536)
    expect(foundAt(11 + 65536, 10)).toBe(11 + 32768)
    const { count, space, addr, v0, v1, from, to } = list.rows()
    expect([count, space[0], addr[0], v0[0], v1[0], from[0], to[0]]).toEqual([1, 1, 5, 6, 7, 10, 11 + 32768])
  })
  it('take one row for any distance, and many rows fit', () => {
    const list = gapList()
    list.bridge(0, 4, 0, 0, 0, 2 ** 30 - 1)
    const { from, to, count } = list.rows()
    expect(count).toBe(1)
    expect([from[0], to[0]]).toEqual([0, 1 + GAP_UNIT * (2 ** 15 - 1)])
    for (let i = 0; i < 1000; i++) list.bridge(0, i, 0, 0, 0, 100_000)
    expect(list.rows().addr[1000]).toBe(999)
  })
  it('end where the access can look back to, after steps of 15 bits', () => {
    for (const prev of [0, 1, 5, 32767, 40_000])
      for (const far of [65537, 65538, 98303, 98304, 98305, 2 ** 29, 2 ** 30 - 40_001]) {
        const ts = prev + far
        const to = foundAt(ts, prev)
        const step = (to - prev - 1) / GAP_UNIT
        expect(Number.isInteger(step) && step >= 0 && step < 2 ** 15).toBe(true)
        expect(ts - to - 1).toBeGreaterThanOrEqual(0)
        expect(ts - to - 1).toBeLessThan(NEAR)
      }
  })
})

describe('memory rows', () => {
  it('are the union of touched words and image words', () => {
    const touched = {
      addr: Uint32Array.of(4, 12),
      initial: Uint32Array.of(0, 9),
      final: Uint32Array.of(1, 2),
      finalTs: Uint32Array.of(6, 7),
    }
    const rows = memoryRows(touched, { addr: Uint32Array.of(8, 12), value: Uint32Array.of(5, 9) })
    expect([...rows.addr]).toEqual([4, 8, 12])
    expect([...rows.kind]).toEqual([0, 1, 1])
    expect([...rows.initial]).toEqual([0, 5, 9])
    expect([...rows.final]).toEqual([1, 5, 2])
    expect([...rows.finalTs]).toEqual([6, 0, 7])
    expect(() => memoryRows(touched, { addr: Uint32Array.of(12), value: Uint32Array.of(8) })).toThrow(
      Unprovable,
    )
  })
})

describe('collect', () => {
  const source = program(exit())
  const image = imageOf(source)
  const { trace } = runTiny(source)

  it('refuses a run without a halt, chunks out of place, and a pc without an instruction', () => {
    const made = (t: typeof trace) => () => collect(t, image.rom, image.words, 0)
    expect(made({ ...trace, halt: undefined })).toThrow('did not halt')
    expect(made({ ...trace, chunks: trace.chunks.map((c) => ({ ...c, firstClk: 2 })) })).toThrow('in place')
    const pc = trace.chunks[0]!.pc.slice()
    pc[1] = 4
    expect(made({ ...trace, chunks: trace.chunks.map((c) => ({ ...c, pc })) })).toThrow(
      'no instruction at pc 4',
    )
  })
})
