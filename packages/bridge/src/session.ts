import type { EcallOutcome, Guest } from '@vouch/engine'
import type { Sha256 } from '@vouch/hash'
import { MAX_LOG_SECTIONS, framedBytes } from './audit-log.ts'
import { auditedCall, memoryRead, sectionsOf } from './effects.ts'
import type { Digests } from './effects.ts'
import type { Environment } from './environment.ts'
import { ENOSPC, ENOSYS, EPERM, LEAST_ERROR } from './errno.ts'
import { GrantedCall, callFailure, serveGranted } from './host-call.ts'
import { initialKernel } from './kernel.ts'
import type { Kernel } from './kernel.ts'
import { kernelRoot } from './kernel-root.ts'
import { BridgeError } from './live.ts'
import { MAX_RECORD_SECTIONS } from './record.ts'
import type { AuditRecord, Outcome } from './record.ts'
import { GROUPS, SERVICES } from './table.ts'
import type { Serve } from './table.ts'
import { NO_ADDRESS, Transaction } from './transaction.ts'
import type { FaultPlan } from './transaction.ts'

/** A call that is known, with what the manifest says of it. */
interface Entry {
  readonly args: number
  readonly allowed: boolean
  /** Of its group. */
  readonly bit: number
  readonly ends: boolean
  readonly class: AuditRecord['class']
  /** Absent for a call of the manifest that nobody handles. */
  readonly serve: Serve | undefined
}

/** What a session made of a call. Nothing of it has happened yet. */
export interface Served {
  readonly outcome: EcallOutcome
  /** Absent if the log has no room for any. */
  readonly record: AuditRecord | undefined
}

/** The environment raises this where a log does not have what a call needs; it is no failure of the call. */
export class EvidenceError extends Error {
  override readonly name = 'EvidenceError'
  readonly code: string
  readonly expected: string | number
  readonly got: string | number
  constructor(code: string, expected: string | number, got: string | number) {
    super(`${code}: expected ${expected}, got ${got}`)
    this.code = code
    this.expected = expected
    this.got = got
  }
}

const NO_SECTIONS: readonly never[] = []
const BIT = new Map<string, number>(GROUPS.map((name, i) => [name, 1 << i]))
const FULL: EcallOutcome = { kind: 'trap', cause: 'audit-full' }
const DENIED: EcallOutcome = { kind: 'trap', cause: 'denied-syscall' }

/**
 * The kernel at work: serves calls one after the other, for a run and for a replay alike. `serve` decides, `commit` makes
 * it so; the log is written in between.
 */
export class Session {
  readonly tx: Transaction
  kernel: Kernel
  root: Uint8Array
  seq = 0
  privateCursor = 0
  publicCursor = 0
  journalCursor = 0
  readonly journal: Uint8Array[] = []
  /** Of all records so far, as `limits.audit` counts them. */
  auditBytes = 0
  private auditSections = 0
  private readonly environment: Environment
  private readonly entries = new Map<number, Entry>()
  private readonly digests: Digests
  private served: Served | undefined
  /** The call is one of the host program's, of class A. */
  private advised = false

  constructor(environment: Environment, sha256: Sha256, faults?: FaultPlan) {
    const { manifest } = environment
    this.environment = environment
    this.kernel = initialKernel(manifest, (digest) => environment.file(digest).length)
    this.root = kernelRoot(this.kernel)
    this.tx = new Transaction(environment, this.kernel, manifest.atomic === 'linux', faults)
    this.digests = { sha256, hidden: (index, bytes) => environment.hiddenDigest(this.seq, index, bytes) }
    const { allow, deny } = manifest.syscalls
    const isAllowed = (name: string): boolean =>
      (allow.includes('*') || allow.includes(name)) && !deny.includes('*') && !deny.includes(name)
    for (const { number, name, args, group, transfer, class: assurance, serve } of SERVICES)
      this.entries.set(number, {
        args: args.length,
        allowed: isAllowed(name),
        bit: BIT.get(group)!,
        ends: transfer === 'noreturn',
        class: assurance,
        serve,
      })
    for (const [name, grant] of Object.entries(manifest.calls))
      this.entries.set(grant.number, {
        args: grant.args,
        allowed: isAllowed(name),
        bit: BIT.get('calls')!,
        ends: false,
        class: grant.class,
        serve: (tx) => {
          const handler = environment.handler(name)
          if (handler === undefined) return -ENOSYS
          return serveGranted(new GrantedCall(name, grant, tx, manifest.limits.cycles), handler)
        },
      })
  }

  get charged(): number {
    return this.kernel.charged
  }

  /** One call. Throws only `EvidenceError`, and `BridgeError` where the host has not what its manifest promises. */
  serve(guest: Guest): Served {
    const { tx } = this
    tx.begin(guest)
    tx.kernel = this.kernel
    tx.privateCursor = this.privateCursor
    tx.publicCursor = this.publicCursor
    tx.journalCursor = this.journalCursor
    const served = this.attempt(guest)
    tx.noteSteps()
    this.served = served.record === undefined ? served : this.fit(served, guest)
    return this.served
  }

  private attempt(guest: Guest): Served {
    const { tx } = this
    const entry = this.entries.get(guest.reg(17))
    this.advised = false
    if (entry === undefined) {
      tx.takeArgs(6)
      return this.failed('abort', ENOSYS)
    }
    tx.takeArgs(entry.args)
    tx.class = entry.class
    this.advised = entry.class === 'A'
    if (!entry.allowed || (this.kernel.dropped & entry.bit) !== 0) {
      tx.class = 'D'
      if (this.environment.manifest.onDeny === 'errno') return this.failed('deny', EPERM)
      return { outcome: DENIED, record: this.record('deny', -EPERM, EPERM, 0, false) }
    }
    if (entry.ends)
      return { outcome: { kind: 'exit', code: tx.args[0] }, record: this.record('noreturn', 0, 0, 0, true) }
    try {
      const { args } = tx
      const result = entry.serve!(tx, args[0], args[1], args[2], args[3], args[4], args[5]) | 0
      if (result < 0 && result >= LEAST_ERROR) return this.failed('abort', -result)
      return this.succeeded(result)
    } catch (error) {
      if (error instanceof EvidenceError || error instanceof BridgeError) throw error
      const failure = callFailure(error)
      tx.noteFault(failure.fault, failure.address)
      return this.failed('abort', failure.errno)
    }
  }

  private succeeded(result: number): Served {
    const { tx } = this
    tx.step()
    const read = memoryRead(tx)
    const sections = sectionsOf(tx, read, this.digests)
    const value = tx.registersWritten.get(10) ?? result
    const outcome = tx.direct ?? auditedCall(tx, this, read, value)
    const record = this.record(
      tx.fault === 'none' ? 'commit' : 'partial',
      value | 0,
      0,
      tx.nextPc,
      tx.direct !== undefined,
      sections,
    )
    tx.step()
    return { outcome, record }
  }

  /** Takes everything back, but for what Linux would keep. What was read stays: it shows why the call failed. */
  private failed(outcome: Outcome, errno: number): Served {
    const { tx } = this
    this.reset()
    const kept = tx.rollback()
    const read = memoryRead(tx)
    const call = auditedCall(tx, this, read, -errno)
    const sections = sectionsOf(tx, read, this.digests)
    return {
      outcome: call,
      record: this.record(kept ? 'partial' : outcome, -errno, errno, tx.nextPc, false, sections),
    }
  }

  private reset(): void {
    const { tx } = this
    tx.kernel = this.kernel
    tx.privateCursor = this.privateCursor
    tx.publicCursor = this.publicCursor
    tx.journalCursor = this.journalCursor
  }

  /** The call itself; or, where the log has no room for its record, ENOSPC; or the end of the run. */
  private fit(served: Served, guest: Guest): Served {
    if (this.hasRoom(served.record!)) return served
    if (served.outcome.kind !== 'audited' && served.outcome.kind !== 'direct') return this.full()
    // Without what the call read or was told, nobody could tell whether its record would have fitted.
    const { reads, registersRead, advice } = this.tx
    if (reads.length > 0 || registersRead.size > 0 || advice !== undefined || this.advised) return this.full()
    const small = this.noSpace(guest)
    return this.hasRoom(small.record!) ? small : this.full()
  }

  private hasRoom(record: AuditRecord): boolean {
    const { length } = record.sections
    return (
      framedBytes(record) <= this.environment.manifest.limits.audit - this.auditBytes &&
      length <= MAX_RECORD_SECTIONS &&
      this.auditSections + length <= MAX_LOG_SECTIONS
    )
  }

  private full(): Served {
    this.tx.begin(this.tx.guest)
    this.reset()
    return { outcome: FULL, record: undefined }
  }

  /** The call as it ends where its record has no room. */
  private noSpace(guest: Guest): Served {
    const { tx } = this
    const count = tx.argCount
    tx.begin(guest)
    this.reset()
    tx.takeArgs(count)
    this.served = this.failed('abort', ENOSPC)
    return this.served
  }

  private record(
    outcome: Outcome,
    result: number,
    errno: number,
    nextPc: number,
    direct: boolean,
    sections: AuditRecord['sections'] = NO_SECTIONS,
  ): AuditRecord {
    const { tx, kernel } = this
    return {
      seq: this.seq,
      clk: tx.guest.clk,
      pc: tx.guest.pc,
      nextPc,
      number: tx.guest.reg(17),
      args: tx.args.slice(),
      result,
      errno,
      class: tx.class,
      outcome,
      direct,
      requested: tx.requested,
      done: tx.done,
      charged: tx.charged,
      fault: tx.fault,
      faultAddress: tx.fault === 'none' ? NO_ADDRESS : tx.faultAddress,
      epoch: tx.kernel.epoch,
      privateCursor: tx.privateCursor,
      publicCursor: tx.publicCursor,
      journalCursor: tx.journalCursor,
      kernelRoot: tx.kernel === kernel ? this.root : kernelRoot(tx.kernel),
      sections,
    }
  }

  /** The call that was served takes effect here, but for what leaves: that is for the caller. */
  commit(): void {
    const { tx } = this
    const record = this.served?.record
    if (record === undefined) throw new Error('no call to commit')
    this.kernel = tx.kernel
    this.root = record.kernelRoot
    this.privateCursor = tx.privateCursor
    this.publicCursor = tx.publicCursor
    this.journalCursor = tx.journalCursor
    for (const part of tx.journal) this.journal.push(part)
    this.auditBytes += framedBytes(record)
    this.auditSections += record.sections.length
    this.seq++
    this.served = undefined
  }

  journalBytes(): Uint8Array {
    const all = new Uint8Array(this.journalCursor)
    let at = 0
    for (const part of this.journal) {
      all.set(part, at)
      at += part.length
    }
    return all
  }
}
