import { describe, expect, it } from 'vitest'
import { createLog, framedBytes, memorySink } from '../src/audit-log.ts'
import { openLog, recover } from '../src/audit-open.ts'
import type { OpenedLog, OpenResult } from '../src/audit-open.ts'
import { DEFAULT_MANIFEST, manifestDigest } from '../src/manifest.ts'
import { encodeRecord } from '../src/record.ts'
import type { AuditRecord } from '../src/record.ts'
import { bareRecord, logOf, random, randomRecord, shownSection } from './audit-support.ts'
import { toHex } from '../src/audit-bytes.ts'

const COUNT = 50
const r = random(3)
// The first has a section of each kind, so that every field of a section is met.
const records = Array.from({ length: COUNT }, (_, seq) =>
  seq === 0
    ? { ...randomRecord(r, 0, 0), sections: [shownSection('copyin', 16, Uint8Array.of(1, 2, 3, 4, 5))] }
    : randomRecord(r, seq),
)
const valid = logOf(records)
const opened = openLog(valid) as OpenedLog
const headerBytes = valid.length - records.reduce((sum, record) => sum + framedBytes(record), 0)
/** Where the frames of each record begin, and where the log ends. */
const startsOf = (list: readonly AuditRecord[]): number[] =>
  list.reduce((all, record) => [...all, all.at(-1)! + framedBytes(record)], [headerBytes])
const starts = startsOf(records)
/** For what is done at every byte. */
const few = records.slice(0, 8)
const short = logOf(few)

const failure = (result: OpenResult): unknown => (result.ok ? 'accepted' : result.failure)
const join = (...parts: Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
const framesOf = (seq: number): Uint8Array => valid.subarray(starts[seq], starts[seq + 1])
const withoutRecord = (seq: number): Uint8Array[] => [
  valid.subarray(0, starts[seq]),
  valid.subarray(starts[seq + 1]),
]

/** Offsets of what a bare head holds, from the start of the record. */
const HEAD_FIELDS: readonly (readonly [field: string, offset: number, code: string, named: string])[] = [
  ['magic', 0, 'audit/format', 'magic'],
  ['seq', 4, 'audit/sequence', 'seq'],
  ['clk', 8, 'audit/hash', 'hash'],
  ['pc', 12, 'audit/hash', 'hash'],
  ['nextPc', 16, 'audit/hash', 'hash'],
  ['number', 20, 'audit/hash', 'hash'],
  ['args[0]', 24, 'audit/hash', 'hash'],
  ['args[1]', 28, 'audit/hash', 'hash'],
  ['args[2]', 32, 'audit/hash', 'hash'],
  ['args[3]', 36, 'audit/hash', 'hash'],
  ['args[4]', 40, 'audit/hash', 'hash'],
  ['args[5]', 44, 'audit/hash', 'hash'],
  ['result', 48, 'audit/hash', 'hash'],
  ['errno', 52, 'audit/hash', 'hash'],
  ['class', 59, 'audit/format', 'class'],
  ['outcome', 63, 'audit/format', 'outcome'],
  ['direct', 67, 'audit/format', 'direct'],
  ['requested', 68, 'audit/hash', 'hash'],
  ['done', 72, 'audit/hash', 'hash'],
  ['charged', 76, 'audit/hash', 'hash'],
  ['fault', 83, 'audit/format', 'fault'],
  ['faultAddress', 84, 'audit/hash', 'hash'],
  ['epoch', 88, 'audit/hash', 'hash'],
  ['privateCursor', 92, 'audit/hash', 'hash'],
  ['publicCursor', 96, 'audit/hash', 'hash'],
  ['journalCursor', 100, 'audit/hash', 'hash'],
  ['sections.length', 107, 'audit/too-large', 'sections'],
  ['kernelRoot', 108, 'audit/hash', 'hash'],
  ['previous', 140, 'audit/previous', 'previous'],
]

/** Each field of a record changed to something of its shape. */
function changes(record: AuditRecord): [field: string, changed: AuditRecord][] {
  const other = <T>(items: readonly T[], item: T): T => items.find((x) => x !== item)!
  const flip = (bytes: Uint8Array): Uint8Array => bytes.map((b, i) => (i === 0 ? b ^ 1 : b))
  const numbers = [
    'clk',
    'pc',
    'nextPc',
    'number',
    'result',
    'errno',
    'requested',
    'done',
    'charged',
    'faultAddress',
    'epoch',
    'privateCursor',
    'publicCursor',
    'journalCursor',
  ] as const
  return [
    ...numbers.map((field): [string, AuditRecord] => [field, { ...record, [field]: record[field] ^ 1 }]),
    ...record.args.map((_, i): [string, AuditRecord] => [
      `args[${i}]`,
      { ...record, args: record.args.map((arg, j) => (i === j ? (arg ^ 1) >>> 0 : arg)) },
    ]),
    ['class', { ...record, class: other(['D', 'A'] as const, record.class) }],
    ['outcome', { ...record, outcome: other(['commit', 'abort'] as const, record.outcome) }],
    ['direct', { ...record, direct: !record.direct }],
    ['fault', { ...record, fault: other(['none', 'absent'] as const, record.fault) }],
    ['kernelRoot', { ...record, kernelRoot: flip(record.kernelRoot) }],
    [
      'sections',
      {
        ...record,
        sections: record.sections.length > 0 ? [] : [shownSection('copyin', 4, Uint8Array.of(1))],
      },
    ],
    ...record.sections.flatMap((section, i): [string, AuditRecord][] => {
      const put = (changed: typeof section): AuditRecord => ({
        ...record,
        sections: record.sections.map((s, j) => (i === j ? changed : s)),
      })
      const { payload } = section
      return [
        [`sections[${i}].digest`, put({ ...section, digest: flip(section.digest) })],
        ...(payload === undefined || payload.length === 0
          ? []
          : ([
              [`sections[${i}].payload`, put(shownSection(section.kind, section.address, flip(payload)))],
            ] as const)),
      ] as [string, AuditRecord][]
    }),
  ]
}

/** A digest of bytes that the log shows, and that can be checked at once. */
const isShownDigest = (field: string, record: AuditRecord): boolean =>
  field.endsWith('digest') && record.sections[Number(/\d+/.exec(field))].payload !== undefined

/** The frames of one record, with its own hash. */
function framed(record: AuditRecord, previous: Uint8Array): Uint8Array {
  const { bytes } = encodeRecord(record, previous)
  const head = new Uint8Array(8)
  const commit = new Uint8Array(8)
  new DataView(head.buffer).setUint32(4, bytes.length, true)
  new DataView(commit.buffer).setUint32(4, record.seq, true)
  head.set([0x56, 0x50, 0x52, 0x45])
  commit.set([0x56, 0x43, 0x4d, 0x54])
  return join(head, bytes, commit)
}

describe('the audit log', () => {
  it('opens as it was written', () => {
    expect(opened.ok).toBe(true)
    expect(opened.records.map(({ record }) => record)).toEqual(records)
    expect(opened.manifest).toEqual(DEFAULT_MANIFEST)
    expect(opened.manifestDigest).toBe(toHex(manifestDigest(DEFAULT_MANIFEST)))
    const sink = memorySink()
    const log = createLog(DEFAULT_MANIFEST, sink)
    expect(openLog(sink.bytes())).toMatchObject({ ok: true, records: [], root: log.root })
    for (const record of records) {
      log.prepare(record)
      expect(log.count).toBe(record.seq)
      log.commit()
    }
    expect(log.root).toEqual(opened.root)
    expect(log.root).toEqual(opened.records[COUNT - 1].hash)
    expect(log.bytes).toBe(valid.length)
    expect(sink.bytes()).toEqual(valid)
  })

  it('refuses records out of turn', () => {
    const log = createLog(DEFAULT_MANIFEST, memorySink())
    expect(() => log.commit()).toThrow('no record is prepared')
    expect(() => log.prepare(bareRecord(1))).toThrow(RangeError)
    log.prepare(bareRecord(0))
    expect(() => log.prepare(bareRecord(1))).toThrow('not committed')
  })

  describe('T-AU-02 every field of every record', () => {
    it('a flipped byte is found, and the failure names it or its hash', () => {
      for (let seq = 0; seq < COUNT; seq++) {
        const start = starts[seq] + 8
        for (const [field, offset, code, named] of HEAD_FIELDS) {
          const bytes = valid.slice()
          bytes[start + offset] ^= 0x80
          expect(failure(openLog(bytes)), `${field} of record ${seq}`).toMatchObject({ code, field: named })
        }
        const hashAt = start + 172 + 44 * records[seq].sections.length
        const bytes = valid.slice()
        bytes[hashAt] ^= 0x80
        expect(failure(openLog(bytes))).toMatchObject({ code: 'audit/hash', field: 'hash', seq })
      }
    })

    it('a flipped byte of a section or payload is found', () => {
      const section = starts[0] + 8 + 172
      const cases: [offset: number, code: string, field: string][] = [
        [0, 'audit/format', 'sections[0].kind'],
        [1, 'audit/format', 'sections[0].hidden'],
        [2, 'audit/format', 'sections[0].inline'],
        [3, 'audit/format', 'sections[0].zero'],
        [4, 'audit/hash', 'hash'],
        [8, 'audit/truncated', 'sections[0].payload'],
        [12, 'audit/hash', 'hash'],
        [44 + 32, 'audit/digest', 'sections[0].payload'],
        [44 + 32 + 5, 'audit/format', 'sections[0].padding'],
      ]
      for (const [offset, code, field] of cases) {
        const bytes = valid.slice()
        bytes[section + offset] ^= 0x80
        expect(failure(openLog(bytes)), field).toMatchObject({ code, field, seq: 0 })
      }
    })

    it('any flipped bit is found', () => {
      for (let at = 0; at < short.length; at++) {
        const bytes = short.slice()
        bytes[at] ^= 1 << r.below(8)
        expect(openLog(bytes).ok, `byte ${at}`).toBe(false)
      }
    })

    it('a record encoded anew with its old hash is found by the hash', () => {
      for (const record of records)
        for (const [field, changed] of changes(record)) {
          const { seq } = record
          const previous = seq === 0 ? rootOfHeader() : opened.records[seq - 1].hash
          const frames = framed(changed, previous)
          frames.set(opened.records[seq].hash, 8 + 172 + 44 * changed.sections.length)
          const bytes = join(valid.subarray(0, starts[seq]), frames, valid.subarray(starts[seq + 1]))
          expect(failure(openLog(bytes)), `${field} of record ${seq}`).toMatchObject({
            code: 'audit/hash',
            seq,
          })
        }
    })

    it('with its own hash it is found by the next record, and the last one only by the root', () => {
      for (const record of records)
        for (const [field, changed] of changes(record)) {
          const { seq } = record
          const previous = seq === 0 ? rootOfHeader() : opened.records[seq - 1].hash
          const bytes = join(
            valid.subarray(0, starts[seq]),
            framed(changed, previous),
            valid.subarray(starts[seq + 1]),
          )
          const result = openLog(bytes)
          if (isShownDigest(field, record))
            expect(failure(result), `${field} of record ${seq}`).toMatchObject({ code: 'audit/digest', seq })
          else if (seq < COUNT - 1)
            expect(failure(result), `${field} of record ${seq}`).toMatchObject({
              code: 'audit/previous',
              field: 'previous',
              seq: seq + 1,
            })
          else expect((result as OpenedLog).root, field).not.toEqual(opened.root)
        }
    })

    it('with all hashes made anew only the root differs', () => {
      for (const record of records)
        for (const [field, changed] of changes(record)) {
          if (isShownDigest(field, record)) continue
          const result = openLog(logOf(records.map((other) => (other === record ? changed : other))))
          expect(result.ok, field).toBe(true)
          expect((result as OpenedLog).root).not.toEqual(opened.root)
        }
    })
  })

  describe('T-AU-03', () => {
    it('a dropped record: sequence', () => {
      for (let seq = 0; seq < COUNT - 1; seq++)
        expect(failure(openLog(join(...withoutRecord(seq))))).toMatchObject({
          code: 'audit/sequence',
          seq,
          expected: seq,
          got: seq + 1,
        })
    })

    it('the last record dropped: another root', () => {
      const result = openLog(valid.subarray(0, starts[COUNT - 1])) as OpenedLog
      expect(result.records.length).toBe(COUNT - 1)
      expect(result.root).not.toEqual(opened.root)
    })

    it('a record twice: sequence', () => {
      for (let seq = 0; seq < COUNT; seq++) {
        const bytes = join(valid.subarray(0, starts[seq + 1]), framesOf(seq), valid.subarray(starts[seq + 1]))
        expect(failure(openLog(bytes))).toMatchObject({ code: 'audit/sequence', seq: seq + 1, got: seq })
      }
    })

    it('two records swapped: sequence', () => {
      for (let seq = 0; seq < COUNT - 1; seq++) {
        const rest = valid.subarray(starts[seq + 2])
        const bytes = join(valid.subarray(0, starts[seq]), framesOf(seq + 1), framesOf(seq), rest)
        expect(failure(openLog(bytes))).toMatchObject({ code: 'audit/sequence', seq, got: seq + 1 })
      }
    })

    it('a record of another log with the right number: previous', () => {
      const other = logOf(records.map((record, i) => (i === 10 ? { ...record, clk: 1 } : record)))
      for (let seq = 11; seq < COUNT; seq++) {
        const bytes = join(valid.subarray(0, starts[seq]), other.subarray(starts[seq]))
        expect(failure(openLog(bytes))).toMatchObject({ code: 'audit/previous', field: 'previous', seq })
      }
    })

    it('cut inside a record: truncated', () => {
      const boundary = new Set(startsOf(few))
      for (let length = 0; length < short.length; length++) {
        const result = openLog(short.subarray(0, length))
        expect(failure(result)).toEqual(
          boundary.has(length) ? 'accepted' : expect.objectContaining({ code: 'audit/truncated' }),
        )
      }
    })

    it('something appended: trailing', () => {
      for (const tail of [
        [0],
        [1, 2, 3],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [...r.bytes(500)],
        [0x56, 0x43, 0x4d, 0x54, 50, 0, 0, 0],
      ])
        expect(failure(openLog(join(valid, Uint8Array.from(tail))))).toMatchObject({
          code: 'audit/trailing',
          seq: COUNT,
        })
    })

    it('frames that do not fit their record: frame', () => {
      const commitAt = starts[1] - 8
      const cases: [offset: number, value: number, field: string][] = [
        [starts[0] + 4, valid[starts[0] + 4] + 4, 'length'],
        [commitAt, 0, 'commit'],
        [commitAt + 4, 1, 'commit.seq'],
      ]
      for (const [offset, value, field] of cases) {
        const bytes = valid.slice()
        bytes[offset] = value
        expect(failure(openLog(bytes)), field).toMatchObject({ code: 'audit/frame', field, seq: 0 })
      }
      const noCommit = join(valid.subarray(0, commitAt), valid.subarray(starts[1]))
      expect(failure(openLog(noCommit))).toMatchObject({ code: 'audit/frame', field: 'commit', seq: 0 })
    })
  })

  it('the header: magic, version, too large, hash, manifest', () => {
    const put = (offset: number, value: number): Uint8Array => {
      const bytes = valid.slice()
      bytes[offset] = value
      return bytes
    }
    expect(failure(openLog(put(0, 0)))).toMatchObject({ code: 'audit/magic' })
    expect(failure(openLog(put(8, 2)))).toMatchObject({ code: 'audit/version', expected: 1, got: 2 })
    expect(failure(openLog(put(15, 1)))).toMatchObject({ code: 'audit/too-large' })
    expect(failure(openLog(put(20, 0)))).toMatchObject({ code: 'audit/hash', field: 'header' })
    const huge = { length: 2 ** 29 + 1 } as Uint8Array
    expect(failure(openLog(huge))).toMatchObject({ code: 'audit/too-large', field: 'log' })
  })

  it.each([
    ['no JSON', '{', 'manifest'],
    ['another version', '{"version":2}', 'manifest.version'],
    ['not canonical', '{"version":1}', 'manifest'],
  ])('a manifest that is %s', async (_name, text, field) => {
    const { headerHash } = await import('../src/audit-log.ts')
    const head = new Uint8Array(16)
    head.set(valid.subarray(0, 12))
    new DataView(head.buffer).setUint32(12, text.length, true)
    const start = join(head, new TextEncoder().encode(text))
    expect(failure(openLog(join(start, headerHash(start))))).toMatchObject({ code: 'audit/manifest', field })
  })

  it('recovery ends at the last committed whole record, wherever the file was cut', () => {
    const starts = startsOf(few)
    for (let length = 0; length <= short.length; length++) {
      const { log, validBytes, lostBytes, reason } = recover(short.subarray(0, length))
      expect(validBytes + lostBytes).toBe(length)
      if (length < headerBytes) {
        expect({ ok: log.ok, validBytes }).toEqual({ ok: false, validBytes: 0 })
        continue
      }
      const whole = starts.findLastIndex((start) => start <= length)
      expect({ ok: log.ok, validBytes }).toEqual({ ok: true, validBytes: starts[whole] })
      expect((log as OpenedLog).records.length).toBe(whole)
      expect(reason?.code).toBe(lostBytes === 0 ? undefined : 'audit/truncated')
    }
  })

  it('a record that was prepared and not committed did not happen', () => {
    const { log, validBytes } = recover(valid.subarray(0, valid.length - 8)) as {
      log: OpenedLog
      validBytes: number
    }
    expect(log.records.length).toBe(COUNT - 1)
    expect(log.root).toEqual(opened.records[COUNT - 2].hash)
    expect(validBytes).toBe(starts[COUNT - 1])
  })

  it('any bytes give a log or a failure', () => {
    for (let i = 0; i < 1500; i++) {
      const start = r.below(2) === 0 ? 0 : starts[r.below(COUNT)]
      const bytes = valid.slice(0, start + r.below(4000))
      for (let flips = r.below(6); flips > 0; flips--)
        if (bytes.length > 0) bytes[r.below(bytes.length)] = r.of([0, 1, 0x40, 0xff, r.below(256)])
      const result = openLog(bytes)
      if (result.ok)
        expect(
          logOf(
            result.records.map(({ record }) => record),
            result.manifest,
          ),
        ).toEqual(bytes)
      const { validBytes } = recover(bytes)
      if (validBytes > 0) expect(openLog(bytes.subarray(0, validBytes)).ok).toBe(true)
    }
  })
})

function rootOfHeader(): Uint8Array {
  return valid.subarray(headerBytes - 32, headerBytes)
}
