import { CHARGED, EFFECT, JOURNAL_CURSOR, PUBLIC_CURSOR, effectRows } from '@vouch/engine'
import { sha256 as platformSha256 } from '@vouch/hash'
import type { Sha256 } from '@vouch/hash'
import { standsAt, toHex } from './audit-bytes.ts'
import type { OpenedLog } from './audit-open.ts'
import type { Handler } from './host-call.ts'
import type { Files } from './live.ts'
import type { AuditRecord, Section } from './record.ts'
import { Recorded } from './recorded.ts'
import { EvidenceError, Session } from './session.ts'
import type { Served } from './session.ts'
import { covers } from './spans.ts'
import { SERVICES, callName } from './table.ts'

export interface ReplayOptions {
  readonly publicInput: Uint8Array
  readonly files?: Files
  /** Of the calls of class D. */
  readonly handlers?: Readonly<Record<string, Handler>>
  readonly sha256?: Sha256
}

/** Bytes of a stream. */
export interface StreamPart {
  readonly start: number
  readonly length: number
}

interface At {
  readonly seq: number
  readonly clk: number
  readonly pc: number
}

/** A call as the proof must have it. */
export type LoggedCall = At &
  (
    | {
        readonly kind: 'audited'
        readonly nextPc: number
        /** Rows of `EFFECT.words` words, as `effectRows` of the engine makes them. */
        readonly effects: Uint32Array
        readonly journal?: StreamPart
        readonly publicInput?: StreamPart
      }
    | {
        readonly kind: 'direct'
        readonly nextPc: number
        readonly number: number
        readonly a0: number
        readonly a1: number
        readonly a2: number
        readonly result: number
      }
    | { readonly kind: 'exit'; readonly number: number; readonly code: number }
  )

/** proved: by the chips. replayed: done again here. advice: only its shape is checked. */
export type Assurance = 'proved' | 'replayed' | 'advice'

export interface Replayed {
  readonly ok: true
  /** One a record, but for a denied call that ended the run: such a run has no proof. */
  readonly calls: readonly LoggedCall[]
  readonly journal: Uint8Array
  readonly publicConsumed: number
  readonly charged: number
  readonly denied: number
  /** By name; the least assurance that one of its calls had. */
  readonly services: ReadonlyMap<string, { readonly count: number; readonly assurance: Assurance }>
  /** Absent if the log ends before the guest does. */
  readonly exit?: { readonly clk: number; readonly code: number }
}

export interface ReplayFailure {
  readonly code: string
  readonly message: string
  readonly seq: number
  readonly expected: string | number
  readonly got: string | number
}

export type ReplayResult = Replayed | { readonly ok: false; readonly failure: ReplayFailure }

/** Their advice is the private input, which is the prover's to choose. */
const INPUTS = new Set<number>(SERVICES.filter(({ group }) => group === 'input').map(({ number }) => number))

/** Of all calls: 32 MiB moved, and registers. A log of a few bytes can tell of megabytes that it hides. */
const MAX_EFFECTS = 2 ** 23 + 2 ** 20

const ORDER: readonly Assurance[] = ['advice', 'replayed', 'proved']

/**
 * Serves every call of a log again, from what the log shows, and compares each record with the one that comes out. Total:
 * any opened log gives a result. Throws only what is wrong with the options: `BridgeError`.
 */
export function replay(log: OpenedLog, options: ReplayOptions): ReplayResult {
  const { manifest } = log
  const sha256 = options.sha256 ?? platformSha256
  const recorded = new Recorded(manifest, options, sha256)
  const session = new Session(recorded, sha256)
  const calls: LoggedCall[] = []
  const services = new Map<string, { count: number; assurance: Assurance }>()
  let denied = 0
  let rows = 0
  let clk = 0
  let ended = false
  let exit: Replayed['exit']

  for (const { record } of log.records) {
    const name = callName(record.number, manifest.calls)
    const reject = (code: string, expected: string | number, got: string | number): ReplayResult => {
      const field = code.slice('replay/'.length)
      const message = `record ${record.seq} (${name}): ${field}: expected ${expected}, got ${got}`
      return { ok: false, failure: { code, message, seq: record.seq, expected, got } }
    }
    if (ended) return reject('replay/after-exit', 'the end of the log', 'a record')
    if (record.clk <= clk) return reject('replay/clk', `more than ${clk}`, record.clk)
    clk = record.clk
    const before = { journal: session.journalCursor, publicInput: session.publicCursor }
    const guest = recorded.open(record, (slot) => cursorOf(session, slot))
    let served: Served
    try {
      served = session.serve(guest)
      if (recorded.missing !== undefined) throw recorded.missing
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error
      return reject(error.code, error.expected, error.got)
    }
    if (served.record === undefined) return reject('replay/audit-full', 'no record', 'a record')
    const difference = compare(served.record, record, session.tx.reads)
    if (difference !== undefined) return reject(difference.code, difference.expected, difference.got)
    session.commit()

    const { seq, pc, nextPc, number, args } = record
    const at = { seq, clk, pc }
    const { outcome } = served
    let assurance: Assurance = record.class === 'A' && !INPUTS.has(number) ? 'advice' : 'replayed'
    if (outcome.kind === 'audited') {
      const effects = effectRows(outcome)
      rows += effects.length / EFFECT.words
      if (rows > MAX_EFFECTS) return reject('replay/too-large', `at most ${MAX_EFFECTS} effects`, rows)
      calls.push({
        ...at,
        kind: 'audited',
        nextPc,
        effects,
        ...part('journal', before.journal, session.journalCursor),
        ...part('publicInput', before.publicInput, session.publicCursor),
      })
    } else if (outcome.kind === 'direct') {
      assurance = 'proved'
      const [a0, a1, a2] = args
      calls.push({ ...at, kind: 'direct', nextPc, number, a0, a1, a2, result: outcome.result })
    } else {
      ended = true
      if (outcome.kind === 'exit') {
        assurance = 'proved'
        exit = { clk, code: outcome.code }
        calls.push({ ...at, kind: 'exit', number, code: outcome.code })
      }
    }
    if (record.outcome === 'deny') denied++
    const sum = services.get(name)
    const least =
      sum === undefined ? assurance : ORDER[Math.min(ORDER.indexOf(sum.assurance), ORDER.indexOf(assurance))]
    services.set(name, { count: (sum?.count ?? 0) + 1, assurance: least })
  }

  return {
    ok: true,
    calls,
    journal: session.journalBytes(),
    publicConsumed: session.publicCursor,
    charged: session.kernel.charged,
    denied,
    services,
    ...(exit === undefined ? {} : { exit }),
  }
}

function cursorOf(session: Session, slot: number): number {
  if (slot === PUBLIC_CURSOR) return session.publicCursor
  if (slot === JOURNAL_CURSOR) return session.journalCursor
  return slot === CHARGED ? session.kernel.charged : 0
}

const part = (name: 'journal' | 'publicInput', start: number, end: number) =>
  start === end ? {} : { [name]: { start, length: end - start } }

type Difference = { readonly code: string; readonly expected: string | number; readonly got: string | number }

const FIELDS = [
  ['seq', 'seq'],
  ['result', 'result'],
  ['errno', 'errno'],
  ['outcome', 'outcome'],
  ['class', 'class'],
  ['direct', 'direct'],
  ['requested', 'requested'],
  ['done', 'done'],
  ['charged', 'charged'],
  ['fault', 'fault'],
  ['faultAddress', 'fault-address'],
  ['nextPc', 'next-pc'],
  ['epoch', 'epoch'],
  ['privateCursor', 'private-cursor'],
  ['publicCursor', 'public-cursor'],
  ['journalCursor', 'journal-cursor'],
] as const

/** The first field in which a logged record is not the one that the call makes. */
function compare(made: AuditRecord, logged: AuditRecord, reads: readonly number[]): Difference | undefined {
  if (made.fault === 'capability' && logged.fault !== 'capability')
    return { code: 'replay/capability', expected: 'an effect that the manifest grants', got: 'another' }
  for (const { kind, address, length } of logged.sections)
    if (kind === 'copyin' && !covers(reads as number[], address, address + length))
      return {
        code: 'replay/unread',
        expected: 'only bytes that the call reads',
        got: `${length} bytes at ${address}`,
      }
  for (const [field, name] of FIELDS)
    if (made[field] !== logged[field])
      return { code: `replay/${name}`, expected: shown(made[field]), got: shown(logged[field]) }
  for (let i = 0; i < 6; i++)
    if (made.args[i] !== logged.args[i])
      return { code: 'replay/args', expected: made.args[i], got: logged.args[i] }
  if (!same(made.kernelRoot, logged.kernelRoot))
    return { code: 'replay/kernel-root', expected: toHex(made.kernelRoot), got: toHex(logged.kernelRoot) }
  const [ours, theirs] = [made.sections, logged.sections]
  if (ours.length !== theirs.length)
    return { code: 'replay/sections', expected: `${ours.length} sections`, got: `${theirs.length}` }
  for (let i = 0; i < ours.length; i++) {
    const [a, b] = [ours[i], theirs[i]]
    if (
      a.kind !== b.kind ||
      a.address !== b.address ||
      a.length !== b.length ||
      a.hidden !== b.hidden ||
      !same(a.digest, b.digest)
    )
      return { code: 'replay/sections', expected: describe(a), got: describe(b) }
  }
  return undefined
}

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && standsAt(a, 0, b)

const shown = (value: string | number | boolean): string | number =>
  typeof value === 'boolean' ? String(value) : value

/** Payloads are bound by their digests. */
const describe = ({ kind, address, length, hidden, digest }: Section): string =>
  `${hidden ? 'hidden ' : ''}${kind} of ${length} bytes at ${address}, digest ${toHex(digest)}`
