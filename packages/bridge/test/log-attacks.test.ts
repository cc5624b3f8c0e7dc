import { sha256 } from '@vouch/hash'
import { describe, expect, it } from 'vitest'
import { bytesWriter, openLog, parseManifest, readInto, replay } from '@vouch/bridge'
import type { AuditRecord, CallGrant, HostCall, Section } from '@vouch/bridge'
import { BAD, Desk, GOOD, NR, manifest, opened } from './support.ts'
import { bareRecord, logOf } from './audit-support.ts'
import { relog } from './relog.ts'

const NUMBER = 0x7b00
const grant = (changes: Partial<CallGrant>): CallGrant => ({
  number: NUMBER,
  args: 2,
  class: 'A',
  reads: [],
  writes: [],
  registers: [],
  pc: false,
  charge: 0,
  ...changes,
})
const HALF = 0x10000000
const NO_INPUT = new Uint8Array(0)

const replayOf = (bytes: Uint8Array) => replay(opened(bytes), { publicInput: NO_INPUT })
const outcomeOf = (bytes: Uint8Array): string => {
  const result = replayOf(bytes)
  return result.ok ? 'accepted' : result.failure.code
}
describe('calls that fail after they were told something', () => {
  it('the time of the host, and nowhere to put it', () => {
    const desk = new Desk({ manifest: manifest({ clock: { mode: 'advice' } }), now: () => 5e9 }).breakPage()
    expect(desk.call(NR.clock_gettime64, 0, BAD)).toBe(-14)
    expect(desk.call(NR.clock_gettime64, 0, GOOD)).toBe(0)
    desk.replayed()
  })
  it('random bytes of a host that has none', () => {
    const desk = new Desk({
      manifest: manifest({ random: { mode: 'advice' } }),
      random: () => {
        throw new Error('no entropy')
      },
    })
    expect(() => desk.call(NR.getrandom, GOOD, 4, 0)).toThrow('no entropy')
    expect(desk.records).toHaveLength(0)
  })
  it('hidden bytes where the manifest grants shown ones too', () => {
    const writes = [
      { pointer: 0, length: { bytes: 4 } },
      { pointer: 0, length: { bytes: 8 }, hidden: true },
    ]
    const desk = new Desk({
      manifest: manifest({ calls: { secret: grant({ writes }) } }),
      handlers: {
        secret: (call: HostCall): void => {
          call.writer(call.args[0], 8).limit(4).fillZeros(4)
        },
      },
    })
    expect(desk.call(NUMBER, GOOD, 8)).toBe(0)
    expect(outcomeOf(desk.bridge.auditBytes()!)).toBe('accepted')
  })
})

describe('logs that are small, and cost much', () => {
  it('hidden bytes by the hundred million, of which the log has digests', () => {
    const desk = new Desk({
      manifest: manifest({ random: { mode: 'advice' } }),
      random: (count) => new Uint8Array(count),
    })
    for (let i = 0; i < 6; i++) desk.bridge.ecall(desk.guest.call(NR.getrandom, [HALF, 2 ** 24, 0]))
    const bytes = desk.bridge.auditBytes()!
    expect(bytes.length).toBeLessThan(4096)
    expect(outcomeOf(bytes)).toBe('replay/too-large')
  })
  it('a record of a quarter of a million sections is not opened', () => {
    const digest = new Uint8Array(32)
    const section: Section = { kind: 'advice', address: 0, length: 0, hidden: true, digest }
    const record: AuditRecord = { ...bareRecord(0), sections: Array.from({ length: 2 ** 18 }, () => section) }
    expect(openLog(logOf([record]))).toMatchObject({ ok: false })
  })
  it('a manifest of a hundred thousand lists in each other', () => {
    const deep = '['.repeat(120_000) + ']'.repeat(120_000)
    expect(() => parseManifest(deep)).toThrow('expected an object, got a list')
    expect(() => parseManifest(`{"version":${deep}}`)).toThrow('version: expected 1, got a list')
  })
})

describe('sections that say the same otherwise, or more', () => {
  const reads = [{ pointer: 0, length: { argument: 1 } }]
  const desk = new Desk({
    manifest: manifest({ calls: { price: grant({ reads }) } }),
    handlers: {
      price: (call: HostCall): number => {
        call.reg(8)
        return readInto(call.reader(call.args[0], 8), bytesWriter(new Uint8Array(8))).ok ? 1 : 0
      },
    },
  })
  desk.call(NUMBER, GOOD, 8)
  const honest = desk.bridge.auditBytes()!
  const changed = (change: (sections: readonly Section[]) => readonly Section[]): string =>
    outcomeOf(relog(honest, (record) => ({ ...record, sections: change(record.sections) })))
  const part = (section: Section, from: number, to: number): Section => {
    const payload = section.payload!.slice(from, to)
    return {
      ...section,
      address: section.address + from,
      length: to - from,
      payload,
      digest: sha256(payload),
    }
  }

  it('as they are', () => {
    expect(changed((sections) => sections)).toBe('accepted')
  })
  it('the bytes that were read, in two sections', () => {
    expect(changed(([bytes, ...rest]) => [part(bytes, 0, 3), part(bytes, 3, 8), ...rest])).toBe(
      'replay/sections',
    )
  })
  it('an argument, with another value as a register', () => {
    const payload = Uint8Array.of(1, 0, 0, 0)
    const lie: Section = {
      kind: 'register',
      address: 64 + 11,
      length: 4,
      hidden: false,
      payload,
      digest: sha256(payload),
    }
    expect(changed((sections) => [...sections, lie])).toMatch(/^replay\//)
  })
  it('a register that was read, hidden', () => {
    expect(
      changed((sections) =>
        sections.map(({ payload, ...s }) =>
          s.kind === 'register'
            ? { ...s, hidden: true }
            : { ...s, ...(payload === undefined ? {} : { payload }) },
        ),
      ),
    ).toMatch(/^replay\//)
  })
})
