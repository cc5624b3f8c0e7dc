import { describe, expect, it } from 'vitest'
import { qm31 } from '@vouch/stark'
import type { QM31 } from '@vouch/stark'
import {
  airPublics,
  checkStatement,
  decodeStatement,
  encodeStatement,
  imageColumns,
  imageId,
  imageLogHeights,
  imageOf,
  listPublicTerms,
  publicTermCount,
  MAX_CYCLES,
  publicTerms,
} from '../src/index.ts'
import type { ImageHeader, Statement } from '../src/index.ts'
import { exit, program } from './harness.ts'

const statement: Statement = {
  imageId: new Uint8Array(32).fill(7),
  publicInput: Uint8Array.of(1, 2, 3),
  journal: Uint8Array.of(9, 8),
  halt: 'exit',
  exitCode: 0xfffffffe,
  cycles: 12,
  publicConsumed: 2,
}
const audited: Statement = {
  ...statement,
  audit: { root: new Uint8Array(32).fill(3), manifest: new Uint8Array(32).fill(4), records: 5 },
}
const image = { entry: 0x10000, sp: 2 ** 30 - 16 }

describe('the encoding of a statement', () => {
  it('reads back what it wrote', () => {
    for (const s of [statement, audited, { ...statement, halt: 'ebreak' as const, exitCode: 0 }])
      expect(decodeStatement(encodeStatement(s))).toEqual({ ok: true, statement: s })
  })
  it.each([statement, audited])('refuses every truncation and a byte too many', (said) => {
    const bytes = encodeStatement(said)
    for (let n = 0; n < bytes.length; n++)
      expect(decodeStatement(bytes.subarray(0, n))).toMatchObject({ failure: { code: 'statement/length' } })
    expect(decodeStatement(Uint8Array.of(...bytes, 0))).toMatchObject({
      failure: { code: 'statement/length' },
    })
  })
  it.each([statement, audited])('is one to one: another byte anywhere is another or none', (said) => {
    const bytes = encodeStatement(said)
    bytes.forEach((_, i) => {
      const changed = bytes.slice()
      changed[i] ^= 1
      const decoded = decodeStatement(changed)
      if (decoded.ok) {
        expect(encodeStatement(decoded.statement)).toEqual(changed)
        expect(decoded.statement).not.toEqual(said)
      }
    })
  })
  it.each([
    ['statement/length', { imageId: new Uint8Array(31) }],
    ['statement/exit-code', { exitCode: 2 ** 32 }],
    ['statement/exit-code', { halt: 'ebreak', exitCode: 1 }],
    ['statement/cycles', { cycles: 0 }],
    ['statement/cycles', { cycles: MAX_CYCLES + 1 }],
    ['statement/consumed', { publicConsumed: 4 }],
    ['statement/too-long', { journal: { length: 2 ** 28 } as unknown as Uint8Array }],
    ['statement/audit', { audit: { ...audited.audit!, root: new Uint8Array(31) } }],
    ['statement/audit', { audit: { ...audited.audit!, manifest: new Uint8Array(33) } }],
    ['statement/audit', { audit: { ...audited.audit!, records: statement.cycles + 1 } }],
  ] as const)('%s', (code, change) => {
    expect(checkStatement({ ...statement, ...change } as Statement)?.code).toBe(code)
  })
  it('statement/audit: a log, or none', () => {
    const bytes = encodeStatement(statement)
    bytes[56] = 2
    expect(decodeStatement(bytes)).toMatchObject({ failure: { code: 'statement/audit', got: 2 } })
  })
  it('tells the AIR whether there is a log', () => {
    expect(airPublics(statement)).toEqual([3, 0])
    expect(airPublics(audited)).toEqual([3, 1])
  })
  it('statement/halt', () => {
    const bytes = encodeStatement(statement)
    bytes[32] = 2
    expect(decodeStatement(bytes)).toMatchObject({ failure: { code: 'statement/halt', got: 2 } })
  })
  it('refuses lengths that only fit together modulo 2^32', () => {
    const bytes = encodeStatement(statement)
    const view = new DataView(bytes.buffer)
    view.setUint32(48, 0xffffffff, true)
    view.setUint32(52, 6, true)
    expect(decodeStatement(bytes)).toMatchObject({ failure: { code: 'statement/length' } })
  })
})

describe('public terms', () => {
  const z: QM31 = [5, 6, 7, 8]
  const alpha: QM31 = [11, 12, 13, 14]

  // 5 + 3 terms; exactly one batch of inverses; several and a part.
  it.each([0, 1016, 1017, 2500])('are the sum of their fractions, with %i more bytes of journal', (more) => {
    const journal = Uint8Array.from({ length: statement.journal.length + more }, (_, i) => (i * 37) & 255)
    const long = { ...statement, journal }
    const expected = listPublicTerms(long, image).reduce((total, { bus, multiplicity, tuple }) => {
      let d = z
      ;[bus.id, ...tuple].forEach(
        (t, j) => (d = qm31.sub(d, qm31.mulBase(qm31.pow(alpha, j), t % (2 ** 31 - 1)))),
      )
      return multiplicity === 1 ? qm31.add(total, qm31.inv(d)) : qm31.sub(total, qm31.inv(d))
    }, qm31.ZERO)
    expect(publicTerms(long, image, z, alpha)).toEqual(expected)
    expect(publicTermCount(long)).toBe(listPublicTerms(long, image).length)
  })
  it('are refused when a challenge hits a tuple', () => {
    // alpha = 0: the fingerprint of State is z − 1.
    expect(publicTerms(statement, image, qm31.ONE, qm31.ZERO)).toBeUndefined()
  })
})

describe('images', () => {
  const p = program(exit(), { 0x2000: 5, 0x3000: 0xffff0001 })
  const header: ImageHeader = {
    profile: 'fast-100',
    logBlowup: 1,
    root: new Uint8Array(32).fill(1),
    logHeights: { rom: 4, image: 5 },
    entry: 0x1000,
    sp: 16,
  }

  it('pads the columns of both chips to their heights', () => {
    const made = imageOf(p)
    expect(imageLogHeights(made, 4)).toEqual({ rom: 4, image: 4 })
    const { rom, image: words } = imageColumns(made, 4)
    expect(rom.map((c) => c.length)).toEqual(Array(8).fill(16))
    expect(words.map((c) => [...c.subarray(0, 3)])).toEqual([
      [0x2000, 0x3000, 0],
      [5, 1, 0],
      [0, 0xffff, 0],
      [1, 1, 0],
    ])
  })
  it('refuses initial words out of order, unaligned or outside RAM', () => {
    for (const wordAddr of [
      [8, 4],
      [4, 4],
      [2, 4],
      [4, 2 ** 30],
    ])
      expect(() =>
        imageOf({ ...p, wordAddr: Uint32Array.from(wordAddr), wordValue: Uint32Array.of(1, 1) }),
      ).toThrow('out of order')
  })
  it('gives another id for each thing that it binds', () => {
    const ids = [
      header,
      { ...header, profile: 'proven-100' },
      { ...header, logBlowup: 2 },
      { ...header, root: new Uint8Array(32).fill(2) },
      { ...header, logHeights: { rom: 5, image: 5 } },
      { ...header, logHeights: { rom: 5, image: 4 } },
      { ...header, entry: 0x1004 },
      { ...header, sp: 0x1000 },
    ].map((h) => Buffer.from(imageId(h)).toString('hex'))
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids[0]).toHaveLength(64)
  })
})
