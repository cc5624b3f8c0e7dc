import { describe, expect, it } from 'vitest'
import { AuditError } from '../src/audit-error.ts'
import { decodeRecord } from '../src/record-decode.ts'
import { encodeRecord } from '../src/record.ts'
import type { AuditRecord } from '../src/record.ts'
import { bareRecord, random, randomRecord, shownSection } from './audit-support.ts'

const ZERO = new Uint8Array(32)

function decodeOrError(bytes: Uint8Array): ReturnType<typeof decodeRecord> | AuditError {
  try {
    return decodeRecord(bytes, 0)
  } catch (error) {
    if (error instanceof AuditError) return error
    throw error
  }
}

describe('records', () => {
  it('T-AU-01 decode(encode(r)) = r, and no other bytes decode to r', () => {
    const r = random(1)
    for (let i = 0; i < 500; i++) {
      const record = randomRecord(r, r.word())
      const previous = r.bytes(32)
      const { bytes, hash } = encodeRecord(record, previous)
      expect(bytes.length % 4).toBe(0)
      const offset = r.below(9)
      const within = new Uint8Array(offset + bytes.length + 5)
      within.set(bytes, offset)
      const decoded = decodeRecord(within, offset)
      expect(decoded).toEqual({ record, previous, hash, end: offset + bytes.length })
      expect(encodeRecord(decoded.record, decoded.previous).bytes).toEqual(bytes)
    }
  })

  it('T-AU-08 a record without sections has at most 300 bytes', () => {
    expect(encodeRecord(bareRecord(0), ZERO).bytes.length).toBe(204)
  })

  it('the bytes of a record are fixed', () => {
    const record = {
      ...bareRecord(3),
      sections: [shownSection('copyin', 0x2000, Uint8Array.of(1, 2, 3, 4, 5))],
    }
    const { bytes, hash } = encodeRecord(record, ZERO)
    expect(bytes.length).toBe(204 + 44 + 8)
    expect(String.fromCharCode(...bytes.subarray(0, 4))).toBe('VAR1')
    expect([...bytes.subarray(4, 8)]).toEqual([3, 0, 0, 0])
    expect([...bytes.subarray(172, 184)]).toEqual([1, 0, 1, 0, 0, 0x20, 0, 0, 5, 0, 0, 0])
    expect(bytes.subarray(216, 248)).toEqual(hash)
    expect([...bytes.subarray(248)]).toEqual([1, 2, 3, 4, 5, 0, 0, 0])
  })

  it('refuses to encode what has no meaning', () => {
    const section = shownSection('copyin', 0x2000, Uint8Array.of(1, 2))
    for (const change of [
      { outcome: 'maybe' },
      { class: 'Z' },
      { fault: '' },
      { sections: [{ ...section, length: 3 }] },
      { sections: [{ ...section, hidden: true }] },
      { sections: [{ ...section, kind: 'outbox' }] },
    ])
      expect(() => encodeRecord({ ...bareRecord(0), ...change } as AuditRecord, ZERO)).toThrow(RangeError)
  })

  it('refuses each way in which bytes can be other than canonical, and names the field', () => {
    const sections = [
      shownSection('copyin', 0x2000, Uint8Array.of(1, 2, 3, 4, 5)),
      shownSection('copyin', 0x3000, Uint8Array.of(6)),
      shownSection('register', 11, Uint8Array.of(1, 0, 0, 0)),
      shownSection('register', 12, Uint8Array.of(1, 0, 0, 0)),
    ]
    const { bytes } = encodeRecord({ ...bareRecord(0), sections }, ZERO)
    const at = (section: number, offset: number): number => 172 + 44 * section + offset
    const cases: [offset: number, value: number, code: string, field: string][] = [
      [0, 0, 'audit/format', 'magic'],
      [56, 3, 'audit/format', 'class'],
      [60, 5, 'audit/format', 'outcome'],
      [64, 2, 'audit/format', 'direct'],
      [80, 6, 'audit/format', 'fault'],
      [104, 200, 'audit/truncated', 'sections'],
      [107, 255, 'audit/too-large', 'sections'],
      [105, 1, 'audit/truncated', 'sections'],
      [at(0, 0), 0, 'audit/format', 'sections[0].kind'],
      [at(0, 0), 6, 'audit/format', 'sections[0].kind'],
      [at(1, 0), 4, 'audit/format', 'sections[1].length'],
      [at(2, 0), 5, 'audit/format', 'sections[3].kind'],
      [at(0, 1), 2, 'audit/format', 'sections[0].hidden'],
      [at(0, 1), 1, 'audit/format', 'sections[0].inline'],
      [at(0, 2), 0, 'audit/format', 'sections[0].inline'],
      [at(0, 3), 1, 'audit/format', 'sections[0].zero'],
      [at(0, 7), 0x40, 'audit/format', 'sections[0].address'],
      [at(0, 5), 0x30, 'audit/format', 'sections[1].address'],
      [at(0, 8), 0, 'audit/format', 'sections[0].length'],
      [at(0, 11), 0x20, 'audit/truncated', 'sections[0].payload'],
      [at(0, 11), 0x40, 'audit/format', 'sections[0].length'],
      [at(3, 4), 11, 'audit/format', 'sections[3].address'],
      [at(3, 8), 3, 'audit/format', 'sections[3].length'],
      [at(4, 32) + 5, 1, 'audit/format', 'sections[0].padding'],
      [at(4, 32), 9, 'audit/digest', 'sections[0].payload'],
      [at(0, 12), 9, 'audit/hash', 'hash'],
      [at(4, 0), bytes[at(4, 0)] ^ 1, 'audit/hash', 'hash'],
    ]
    for (const [offset, value, code, field] of cases) {
      const changed = bytes.slice()
      changed[offset] = value
      const error = decodeOrError(changed)
      expect(error, `byte ${offset}`).toMatchObject({ code, field })
    }
    for (let length = 0; length < bytes.length; length++)
      expect(decodeOrError(bytes.subarray(0, length))).toMatchObject({ code: 'audit/truncated' })
  })

  it('any bytes give a record or an AuditError, and nothing but canonical bytes a record', () => {
    const r = random(2)
    for (let i = 0; i < 5_000; i++) {
      const { bytes } = encodeRecord(randomRecord(r, i, 3), ZERO)
      const changed =
        r.below(8) === 0
          ? r.bytes(r.below(400))
          : bytes.slice(0, r.below(8) === 0 ? r.below(bytes.length) : undefined)
      for (let flips = r.below(4); flips > 0; flips--)
        if (changed.length > 0) changed[r.below(changed.length)] = r.of([0, 1, 0x40, 0xff, r.below(256)])
      const decoded = decodeOrError(changed)
      if (decoded instanceof AuditError) continue
      expect(encodeRecord(decoded.record, decoded.previous).bytes).toEqual(changed.subarray(0, decoded.end))
    }
  })
})
