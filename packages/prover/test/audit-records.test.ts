import type { AuditRecord, Manifest, Section } from '@vouch/bridge'
import { decodeRecord, encodeRecord } from '@vouch/bridge'
import { assembleElf } from '@vouch/engine/assembler'
import { sha256 } from '@vouch/hash'
import { verify } from '@vouch/verifier'
import type { Failure } from '@vouch/verifier'
import { beforeAll, describe, expect, it } from 'vitest'
import { prove } from '../src/index.ts'
import type { ProveResult } from '../src/index.ts'
import { logOf, opened } from './audit-logs.ts'

const call = (number: number, ...args: number[]): string =>
  `li a7, ${number}\n${args.map((v, i) => `li a${i}, ${v}\n`).join('')}ecall\n`

const BUFFER = 0x20400
const VECTORS = new Uint8Array(Uint32Array.of(BUFFER, 5, BUFFER + 9, 3).buffer)
const DATA = { address: 0x20000, bytes: VECTORS }
const ROUND = [
  call(172),
  call(65, 0, 0x20000, 2),
  call(63, 4, BUFFER + 32, 4),
  call(65, 4, 0x20000, 2),
  call(66, 3, 0x20000, 2),
  call(64, 3, 0x20000, 5),
  call(64, 1, 0x20000, 5),
  call(80, 1, 2),
  call(403, 1, BUFFER + 64),
  call(278, BUFFER + 80, 6, 0),
  call(63, 0, BUFFER, 4),
  call(9999, 1, 2, 3, 4, 5, 6),
]
const PUBLIC = Uint8Array.from({ length: 40 }, (_, i) => i)
const PRIVATE = Uint8Array.from({ length: 44 }, (_, i) => 255 - i)
const RECORDS = 50

let made: ProveResult
let records: readonly AuditRecord[]
let manifest: Manifest

beforeAll(async () => {
  const source = Array.from({ length: RECORDS - 1 }, (_, i) => ROUND[i % ROUND.length]).join('')
  made = await prove(assembleElf(source + call(93, 0), DATA), {
    privateInput: PRIVATE,
    publicInput: PUBLIC,
    profile: 'fast-100',
  })
  const log = opened(made.audit!)
  records = log.records.map((r) => r.record)
  manifest = log.manifest
})

const verdict = async (audit: Uint8Array): Promise<Failure | undefined> => {
  const v = await verify(made.proof, { imageId: made.imageId, audit })
  return v.ok ? undefined : v.failure
}

/** The log with one record changed and every hash made anew. */
const rehashed = (i: number, change: (r: AuditRecord) => AuditRecord): Uint8Array =>
  logOf(
    manifest,
    records.map((r, j) => (i === j ? change(r) : r)),
  )

const other = <T>(names: readonly T[], name: T): T => names[(names.indexOf(name) + 1) % names.length]
const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((b, i) => (i === 0 ? b ^ 1 : b))

type Change = readonly [field: string, change: (r: AuditRecord) => AuditRecord]

/** Every field of a record, altered. */
function changesOf(record: AuditRecord): Change[] {
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
  const section = (i: number, change: Partial<Section>): AuditRecord['sections'] =>
    record.sections.map((s, j) => (i === j ? { ...s, ...change } : s))
  return [
    ...numbers.map((f): Change => [f, (r) => ({ ...r, [f]: r[f] === 0xffffffff ? 0 : r[f] + 1 })]),
    ...[0, 1, 2, 3, 4, 5].map((a): Change => [
      'args',
      (r) => ({ ...r, args: r.args.map((v, j) => (a === j ? v ^ 1 : v)) }),
    ]),
    ['class', (r) => ({ ...r, class: other(['D', 'A', 'P'], r.class) })],
    [
      'outcome',
      (r) => ({ ...r, outcome: other(['commit', 'abort', 'partial', 'deny', 'noreturn'], r.outcome) }),
    ],
    ['direct', (r) => ({ ...r, direct: !r.direct })],
    ['fault', (r) => ({ ...r, fault: other(['none', 'absent', 'no-write', 'no-read', 'range'], r.fault) })],
    ['kernelRoot', (r) => ({ ...r, kernelRoot: flipped(r.kernelRoot) })],
    ...record.sections.flatMap((s, i): Change[] => [
      ['section.address', (r) => ({ ...r, sections: section(i, { address: s.address + 1 }) })],
      ['section.left out', (r) => ({ ...r, sections: r.sections.toSpliced(i, 1) })],
      [
        s.hidden ? 'section.hidden digest' : 'section.payload',
        (r) => {
          const payload = s.payload === undefined ? undefined : flipped(s.payload)
          const digest = payload === undefined ? flipped(s.digest) : sha256(payload)
          return { ...r, sections: section(i, { digest, ...(payload === undefined ? {} : { payload }) }) }
        },
      ],
    ]),
  ]
}

/** What the guest was, where it was and what its memory held only the proof can tell, or here already the root in it. */
const BY_ROOT_ALONE = ['clk', 'pc', 'number', 'section.payload', 'section.hidden digest']

describe(`a log of ${RECORDS} records`, () => {
  it('is accepted', async () => {
    expect(records).toHaveLength(RECORDS)
    expect(await verdict(made.audit!)).toBeUndefined()
  })

  it('T-AU-02: every field of every record altered, with every hash made anew: rejected', async () => {
    const reasons = new Map<string, Set<string>>()
    for (const [i, record] of records.entries())
      for (const [field, change] of changesOf(record)) {
        const failure = await verdict(rehashed(i, change))
        expect(failure, `record ${i}, ${field}`).toBeDefined()
        reasons.set(field, (reasons.get(field) ?? new Set()).add(failure!.code))
        if (/^(replay|audit\/(pc|clk|format))/.test(failure!.code) && field !== 'clk')
          // A change of state shows in the record itself; what it read or told shows there too.
          expect(failure!.record, `record ${i}, ${field}: ${failure!.code}`).toBe(i)
      }
    for (const [field, codes] of reasons)
      if (!BY_ROOT_ALONE.includes(field) && field !== 'args')
        expect(
          [...codes].filter((c) => c === 'audit/root'),
          field,
        ).toEqual([])
    // The shape of a lie that no replay could see.
    expect([...reasons.get('section.hidden digest')!]).toEqual(['audit/root'])
  })

  it('T-AU-02: every byte of every record flipped, hashes left alone: rejected, and names the record', async () => {
    const bytes = made.audit!
    const starts = records.map((r) => {
      const { record, hash } = opened(bytes).records[r.seq]
      return { record, hash }
    })
    let at = bytes.length
    const places: [seq: number, at: number][] = []
    // Records stand between frames of 8 bytes; their bytes are found by encoding them again.
    let previous = opened(bytes).records[0] && previousOf(bytes)
    for (const { record, hash } of starts) {
      const encoded = encodeRecord(record, previous).bytes
      at = Buffer.from(bytes).indexOf(Buffer.from(encoded))
      expect(at).toBeGreaterThan(0)
      for (let b = 0; b < encoded.length; b += 3) places.push([record.seq, at + b])
      previous = hash
    }
    for (const [seq, place] of places) {
      const changed = bytes.slice()
      changed[place] ^= 1 << (place % 8)
      const failure = await verdict(changed)
      expect(failure?.code, `byte ${place}`).toMatch(/^audit\//)
      // A flipped sequence number, or hash, is told by the record or the one after.
      if (failure?.record !== undefined) expect([seq, seq + 1]).toContain(failure.record)
    }
  })

  it('T-AU-03: dropped, duplicated, swapped, truncated, appended, each with every hash made anew', async () => {
    const codes = async (edit: (r: readonly AuditRecord[]) => readonly AuditRecord[]): Promise<string> =>
      (await verdict(logOf(manifest, edit(records))))?.code ?? 'accepted'
    for (let i = 0; i < RECORDS - 1; i++) {
      expect(await codes((r) => r.toSpliced(i, 1)), `without ${i}`).toMatch(/^(replay\/|audit\/records)/)
      expect(await codes((r) => r.toSpliced(i, 0, r[i])), `${i} twice`).toBe('replay/clk')
      expect(await codes((r) => r.toSpliced(i, 2, r[i + 1], r[i])), `${i} and ${i + 1} swapped`).toMatch(
        /^replay\//,
      )
      expect(await codes((r) => r.slice(0, i)), `${i} alone`).toBe('audit/records')
    }
    expect(await codes((r) => [...r, { ...r[0], clk: r[RECORDS - 1].clk + 1 }])).toBe('replay/after-exit')
  })

  it('T-AU-03: cut anywhere', async () => {
    const bytes = made.audit!
    for (let length = 0; length < bytes.length; length += 7) {
      const failure = await verdict(bytes.subarray(0, length))
      expect(failure?.code, `${length} bytes`).toMatch(/^audit\//)
    }
    expect((await verdict(Uint8Array.of(...bytes, 0)))?.code).toBe('audit/trailing')
  })
})

/** `previous` of the first record: the hash of the header. */
function previousOf(bytes: Uint8Array): Uint8Array {
  const magic = Buffer.from(bytes).indexOf('VAR1')
  return decodeRecord(bytes, magic).previous
}
