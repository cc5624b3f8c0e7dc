import { sha256 } from '@vouch/hash'
import { createLog, memorySink } from '../src/audit-log.ts'
import { DEFAULT_MANIFEST } from '../src/manifest.ts'
import { CLASSES, FAULTS, OUTCOMES, SECTION_KINDS, isInline } from '../src/record.ts'
import type { AuditRecord, Section } from '../src/record.ts'

export interface Random {
  /** A whole number below `n`. */
  below(n: number): number
  word(): number
  bytes(length: number): Uint8Array
  of<T>(items: readonly T[]): T
}

/** mulberry32: the same numbers for the same seed. */
export function random(seed: number): Random {
  let state = seed
  const word = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
  const below = (n: number): number => word() % n
  return {
    word,
    below,
    bytes: (length) => Uint8Array.from({ length }, () => word() & 0xff),
    of: (items) => items[below(items.length)],
  }
}

/** Any record of the right shape, with up to `most` sections. */
export function randomRecord(r: Random, seq: number, most = 5): AuditRecord {
  const u32 = (): number => r.of([0, 1, 0x7fffffff, 0x80000000, 0xffffffff, r.word(), r.word()])
  return {
    seq,
    clk: u32(),
    pc: u32(),
    nextPc: u32(),
    number: u32(),
    args: Array.from({ length: 6 }, u32),
    result: u32() | 0,
    errno: u32(),
    class: r.of(CLASSES),
    outcome: r.of(OUTCOMES),
    direct: r.below(2) === 1,
    requested: u32(),
    done: u32(),
    charged: u32(),
    fault: r.of(FAULTS),
    faultAddress: u32(),
    epoch: u32(),
    privateCursor: u32(),
    publicCursor: u32(),
    journalCursor: u32(),
    kernelRoot: r.bytes(32),
    sections: randomSections(r, r.below(most + 1)),
  }
}

function randomSections(r: Random, count: number): Section[] {
  const kinds = Array.from({ length: count }, () => r.below(SECTION_KINDS.length)).sort((a, b) => a - b)
  const next = [0, 0, 0, 0, 0]
  return kinds.map((k): Section => {
    const kind = SECTION_KINDS[k]
    const address = next[k] + (kind === 'register' ? r.below(7) : r.below(5000))
    const length = kind === 'register' ? 4 : r.below(40) + (kind.startsWith('copy') ? 1 : 0)
    next[k] = address + (kind === 'register' ? 1 : length)
    const hidden = r.below(4) === 0
    const shape = { kind, address, length, hidden }
    if (!isInline(shape)) return { ...shape, digest: r.bytes(32) }
    const payload = r.bytes(length)
    return { ...shape, digest: sha256(payload), payload }
  })
}

/** A getpid. */
export function bareRecord(seq: number): AuditRecord {
  return {
    seq,
    clk: 10 + 7 * seq,
    pc: 0x10000,
    nextPc: 0x10004,
    number: 172,
    args: [0, 0, 0, 0, 0, 0],
    result: 1,
    errno: 0,
    class: 'D',
    outcome: 'commit',
    direct: false,
    requested: 0,
    done: 0,
    charged: 0,
    fault: 'none',
    faultAddress: 0xffffffff,
    epoch: 0,
    privateCursor: 0,
    publicCursor: 0,
    journalCursor: 0,
    kernelRoot: new Uint8Array(32),
    sections: [],
  }
}

/** A section of the bytes, shown. */
export function shownSection(kind: Section['kind'], address: number, payload: Uint8Array): Section {
  return { kind, address, length: payload.length, hidden: false, digest: sha256(payload), payload }
}

export function logOf(records: readonly AuditRecord[], manifest = DEFAULT_MANIFEST): Uint8Array {
  const sink = memorySink()
  const log = createLog(manifest, sink)
  for (const record of records) {
    log.prepare(record)
    log.commit()
  }
  return sink.bytes()
}
