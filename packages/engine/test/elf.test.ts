import { describe, expect, it } from 'vitest'
import { ElfError, MAX_ELF_BYTES, MAX_IMAGE_BYTES, parseElf } from '@vouch/engine'
import type { ElfErrorCode, Program } from '@vouch/engine'
import { MAX_CODE_SPAN } from '../src/elf.ts'
import { assemble, buildElf } from '@vouch/engine/assembler'
import { random } from './support.ts'

const { text, entry } = assemble('_start:\n nop\n li a7, 93\n ecall')
const data = { address: 0x20000, bytes: Uint8Array.of(1, 2, 3, 4, 5), memorySize: 100 }
const valid = buildElf({ text, entry, data })
const [FIRST, SECOND] = [52, 84]

/** The valid file with 16- or 32-bit fields replaced. */
function changed(fields: readonly (readonly [at: number, size: 1 | 2 | 4, value: number])[]): Uint8Array {
  const bytes = valid.slice()
  const view = new DataView(bytes.buffer)
  for (const [at, size, value] of fields)
    if (size === 1) view.setUint8(at, value)
    else if (size === 2) view.setUint16(at, value, true)
    else view.setUint32(at, value, true)
  return bytes
}

function codeOf(bytes: Uint8Array): ElfErrorCode | undefined {
  try {
    parseElf(bytes)
    return undefined
  } catch (error) {
    if (!(error instanceof ElfError)) throw error
    expect(error.message).not.toBe('')
    return error.code
  }
}

describe('a file that cannot be run says why', () => {
  const cases: readonly [string, ElfErrorCode, Parameters<typeof changed>[0]][] = [
    ['another magic', 'elf/magic', [[1, 1, 0x46]]],
    ['64-bit', 'elf/class', [[4, 1, 2]]],
    ['class 0', 'elf/class', [[4, 1, 0]]],
    ['big-endian', 'elf/endianness', [[5, 1, 2]]],
    ['relocatable', 'elf/type', [[16, 2, 1]]],
    ['a shared object or PIE', 'elf/type', [[16, 2, 3]]],
    ['x86-64', 'elf/machine', [[18, 2, 62]]],
    ['compressed', 'elf/flags', [[36, 4, 1]]],
    ['single float ABI', 'elf/flags', [[36, 4, 2]]],
    ['double float ABI', 'elf/flags', [[36, 4, 4]]],
    ['RV32E', 'elf/flags', [[36, 4, 8]]],
    ['no program headers', 'elf/no-segment', [[44, 2, 0]]],
    ['too many program headers', 'elf/too-large', [[44, 2, 65]]],
    ['short program headers', 'elf/header', [[42, 2, 31]]],
    ['headers past the end', 'elf/truncated', [[28, 4, valid.length - 63]]],
    ['headers far past the end', 'elf/truncated', [[28, 4, 0xffffffff]]],
    [
      'nothing to load',
      'elf/no-segment',
      [
        [FIRST, 4, 2],
        [SECOND, 4, 2],
      ],
    ],
    [
      'only empty segments',
      'elf/no-segment',
      [
        [FIRST + 20, 4, 0],
        [SECOND + 20, 4, 0],
      ],
    ],
    ['more in the file than in memory', 'elf/segment', [[SECOND + 20, 4, 4]]],
    ['past the end of RAM', 'elf/range', [[SECOND + 8, 4, 2 ** 30 - 99]]],
    [
      'a size that wraps around',
      'elf/range',
      [
        [SECOND + 8, 4, 0x20000],
        [SECOND + 20, 4, 0xffffffff],
      ],
    ],
    ['an address above RAM', 'elf/range', [[SECOND + 8, 4, 0xfffffff0]]],
    ['bytes past the end of the file', 'elf/truncated', [[SECOND + 16, 4, 6]]],
    ['an offset past the end', 'elf/truncated', [[SECOND + 4, 4, 0xfffffff0]]],
    ['overlapping by one byte', 'elf/overlap', [[SECOND + 8, 4, 0x10000 + text.length - 1]]],
    ['one segment inside the other', 'elf/overlap', [[SECOND + 8, 4, 0x10004]]],
    ['an unaligned entry', 'elf/entry', [[24, 4, entry + 2]]],
    ['an entry behind the code', 'elf/entry', [[24, 4, 0x10000 + text.length]]],
    ['an entry before the code', 'elf/entry', [[24, 4, 0xfffc]]],
    ['an entry in data', 'elf/entry', [[24, 4, 0x20000]]],
    ['code that is not executable', 'elf/entry', [[FIRST + 24, 4, 4]]],
    [
      'code far apart',
      'elf/too-large',
      [
        [SECOND + 24, 4, 5],
        [SECOND + 8, 4, 2 ** 29],
      ],
    ],
  ]
  for (const [name, code, fields] of cases)
    it(`${name}: ${code}`, () => expect(codeOf(changed(fields))).toBe(code))

  it('a file that ends early, at every byte', () => {
    for (let n = 0; n < valid.length; n++) expect(codeOf(valid.subarray(0, n))).toBe('elf/truncated')
  })

  it('a file or an image that is too large', () => {
    expect(codeOf(new Uint8Array(MAX_ELF_BYTES + 1))).toBe('elf/too-large')
    const big = new Uint8Array(MAX_IMAGE_BYTES + 4096)
    big.set(valid)
    const view = new DataView(big.buffer)
    for (const at of [16, 20]) view.setUint32(SECOND + at, MAX_IMAGE_BYTES, true)
    expect(codeOf(big)).toBe('elf/too-large')
  })
})

describe('the largest code', () => {
  const nops = (size: number): Uint8Array => {
    const text = new Uint8Array(size)
    new Uint32Array(text.buffer).fill(0x13)
    return buildElf({ text, entry: 0x10000 })
  }

  it('is refused by one word, before anything is decoded', () => {
    const start = performance.now()
    expect(codeOf(nops(MAX_CODE_SPAN + 4))).toBe('elf/too-large')
    expect(performance.now() - start).toBeLessThan(2000)
  })
})

describe('what is loaded', () => {
  const words = (p: Program): number[][] => Array.from(p.wordAddr, (a, i) => [a, p.wordValue[i]])

  it('the valid file', () => {
    const program = parseElf(valid)
    expect(program.code.map((c) => c.name)).toEqual(['addi', 'lui', 'addi', 'ecall'])
    expect(program.code.map((c) => c.pc)).toEqual([0x10000, 0x10004, 0x10008, 0x1000c])
    expect(words(program).slice(-2)).toEqual([
      [0x20000, 0x04030201],
      [0x20004, 5],
    ])
    expect(program.symbolAt(entry)).toBeUndefined()
  })

  it('segments may touch, lie in any order, and share a word', () => {
    const touching = changed([
      [SECOND + 8, 4, 0x10000 + text.length],
      [SECOND + 20, 4, 5],
    ])
    expect(parseElf(touching).wordAddr).toHaveLength(6)
    const before = changed([[SECOND + 8, 4, 0x8000]])
    expect(parseElf(before).segments.map((s) => s.address)).toEqual([0x8000, 0x10000])
    const shared = changed([
      [FIRST + 16, 4, 14],
      [FIRST + 20, 4, 14],
      [SECOND + 8, 4, 0x1000e],
      [SECOND + 20, 4, 5],
    ])
    const program = parseElf(shared)
    expect(words(program).slice(3)).toEqual([
      [0x1000c, (0x0201 << 16) | 0x73],
      [0x10010, 0x050403],
    ])
    // Half an instruction in each segment is none.
    expect(program.code).toHaveLength(3)
  })

  it('a segment up to the last byte of RAM, and one without bytes', () => {
    expect(parseElf(changed([[SECOND + 8, 4, 2 ** 30 - 100]])).wordAddr.at(-1)).toBe(2 ** 30 - 96)
    const bss = changed([
      [SECOND + 16, 4, 0],
      [SECOND + 4, 4, 0xffffffff],
    ])
    expect(parseElf(bss).wordAddr).toHaveLength(4)
  })

  it('only aligned words of executable segments are code', () => {
    const moved = changed([
      [FIRST + 8, 4, 0x10002],
      [24, 4, 0x10004],
    ])
    expect(codeOf(moved)).toBeUndefined()
    expect(parseElf(moved).code.every((c) => c.pc % 4 === 0 && c.pc >= 0x10004)).toBe(true)
  })

  it('is the same wherever the bytes lie in their buffer', () => {
    const shifted = new Uint8Array(valid.length + 3)
    shifted.set(valid, 3)
    expect(words(parseElf(shifted.subarray(3)))).toEqual(words(parseElf(valid)))
  })
})

/** The valid file with .symtab and .strtab. */
function withSymbols(
  symbols: readonly (readonly [name: string, address: number, size: number])[],
): Uint8Array {
  const strings = new TextEncoder().encode(`\0${symbols.map(([n]) => `${n}\0`).join('')}`)
  const table = valid.length
  const stringsAt = table + 16 * symbols.length
  const sections = stringsAt + strings.length
  const bytes = new Uint8Array(sections + 120)
  bytes.set(valid)
  bytes.set(strings, stringsAt)
  const view = new DataView(bytes.buffer)
  let name = 1
  symbols.forEach(([text, address, size], i) => {
    ;[name, address, size].forEach((v, j) => view.setUint32(table + 16 * i + 4 * j, v, true))
    view.setUint8(table + 16 * i + 12, 2)
    view.setUint16(table + 16 * i + 14, 1, true)
    name += text.length + 1
  })
  view.setUint32(32, sections, true)
  view.setUint16(46, 40, true)
  view.setUint16(48, 3, true)
  const section = (i: number, type: number, at: number, size: number, link: number): void => {
    const base = sections + 40 * i
    for (const [o, v] of [
      [4, type],
      [16, at],
      [20, size],
      [24, link],
    ])
      view.setUint32(base + o, v, true)
  }
  section(1, 2, table, 16 * symbols.length, 2)
  section(2, 3, stringsAt, strings.length, 0)
  return bytes
}

describe('symbols', () => {
  const named = withSymbols([
    ['main', 0x10004, 8],
    ['_start', 0x10000, 4],
    ['b\u001b[2J', 0x1000c, 4],
  ])

  it('name a pc and an offset, in printable characters', () => {
    const { symbolAt } = parseElf(named)
    expect([0x10000, 0x10004, 0x10008, 0x1000c, 0x10010, 0].map(symbolAt)).toEqual([
      '_start',
      'main',
      'main+0x4',
      'b?[2J',
      undefined,
      undefined,
    ])
  })

  it('that are broken are none, and never fatal', () => {
    const view = (b: Uint8Array): DataView => new DataView(b.buffer)
    const sections = view(named).getUint32(32, true)
    for (let at = sections; at < named.length; at += 4)
      for (const value of [0, 1, 0x7fffffff, 0xffffffff]) {
        const broken = named.slice()
        view(broken).setUint32(at, value, true)
        expect(() => parseElf(broken).symbolAt(0x10004)).not.toThrow()
      }
    for (let n = valid.length; n < named.length; n++)
      expect(parseElf(named.subarray(0, n)).symbolAt(0x10004)).toBeUndefined()
  })
})

describe('hostile files', () => {
  const targets = [
    valid,
    withSymbols([
      ['main', 0x10004, 8],
      ['_start', 0x10000, 4],
    ]),
  ]

  it('each header byte takes every value; only ElfError is thrown', () => {
    for (let at = 0; at < 116; at++)
      for (let value = 0; value < 256; value += at < 52 ? 1 : 5) codeOf(changed([[at, 1, value]]))
  })

  it('10,000 random mutations; only ElfError is thrown, in bounded time', () => {
    const below = random(20251121)
    const start = performance.now()
    let accepted = 0
    for (let i = 0; i < 10_000; i++) {
      const bytes = targets[i % 2].slice(0, below(8) === 0 ? below(targets[i % 2].length) : undefined)
      for (let k = below(6); k >= 0 && bytes.length > 0; k--) bytes[below(bytes.length)] = below(256)
      if (codeOf(bytes) === undefined) accepted++
    }
    expect(accepted).toBeGreaterThan(100)
    expect(performance.now() - start).toBeLessThan(20_000)
  })

  it('10,000 random files', () => {
    const below = random(7)
    for (let i = 0; i < 10_000; i++) {
      const bytes = Uint8Array.from({ length: below(200) }, () => below(256))
      bytes.set(valid.subarray(0, Math.min(20, bytes.length)))
      codeOf(bytes)
    }
  })
})
