import type { EcallOutcome, Guest, Host } from '@vouch/engine'
import { sha256 as platformSha256 } from '@vouch/hash'
import { applyAdvice } from './advice.ts'
import { standsAt } from './audit-bytes.ts'
import { createLog, memorySink } from './audit-log.ts'
import type { AuditLog, AuditSink } from './audit-log.ts'
import type { Time } from './environment.ts'
import type { GrantedHandler, Handler } from './host-call.ts'
import { BridgeError, Live } from './live.ts'
import type { LiveOptions } from './live.ts'
import { DEFAULT_MANIFEST, canonicalManifest, parseManifest } from './manifest.ts'
import type { Manifest } from './manifest.ts'
import { encodeRecord } from './record.ts'
import type { AuditRecord } from './record.ts'
import { Session } from './session.ts'
import type { FaultPlan } from './transaction.ts'
import { wordAt } from './transaction.ts'

export interface BridgeOptions extends LiveOptions {
  /** What the guest wrote to the console. Nothing of it is proved. */
  readonly onConsole?: (descriptor: 1 | 2, bytes: Uint8Array) => void
  readonly manifest?: Manifest
  /** Of the calls of the manifest, as `handle` adds them. */
  readonly handlers?: Readonly<Record<string, Handler>>
  /** Where the log goes; into memory by default. */
  readonly sink?: AuditSink
  /**
   * Records of a run that was cut off. What they were told is told again, and the calls must come out the same, for which
   * the salt must be theirs. Not with secret advice, which no log has.
   */
  readonly resume?: readonly AuditRecord[]
  /** For tests. */
  readonly faults?: FaultPlan
}

/** A host whose calls are transactions, each with one record in the log. */
export interface Bridge extends Host {
  ecall(guest: Guest): EcallOutcome
  /** Adds the handler of a call that the manifest declares. */
  handle(name: string, handler: Handler): this
  /** A copy of descriptor 3. */
  journal(): Uint8Array
  readonly privateConsumed: number
  readonly publicConsumed: number
  /** Calls that the log proves and not the chips of the streams. */
  readonly auditedCalls: number
  readonly log: AuditLog
  /** The log, if it is kept in memory. */
  auditBytes(): Uint8Array | undefined
  readonly manifest: Manifest
}

/** Throws `BridgeError` and `ManifestError`. */
export function bridge(options: BridgeOptions = {}): Bridge {
  return new LiveBridge(options)
}

const NO_PREVIOUS = new Uint8Array(32)

class LiveBridge implements Bridge {
  readonly manifest: Manifest
  readonly log: AuditLog
  auditedCalls = 0
  private readonly live: Live
  private readonly session: Session
  private readonly memory: ReturnType<typeof memorySink> | undefined
  private readonly onConsole: BridgeOptions['onConsole']
  private readonly resume: readonly AuditRecord[]

  constructor(options: BridgeOptions) {
    const { sha256 = platformSha256, resume = [] } = options
    this.manifest = parseManifest(canonicalManifest(options.manifest ?? DEFAULT_MANIFEST))
    this.resume = resume
    this.live =
      resume.length === 0 ? new Live(this.manifest, options) : new Resumed(this.manifest, options, resume)
    this.session = new Session(this.live, sha256, options.faults)
    this.onConsole = options.onConsole
    if (options.sink === undefined) this.memory = memorySink()
    this.log = createLog(this.manifest, options.sink ?? this.memory!)
    for (const [name, handler] of Object.entries(options.handlers ?? {})) this.handle(name, handler)
  }

  handle(name: string, handler: Handler): this {
    if (!Object.hasOwn(this.manifest.calls, name))
      throw new BridgeError('bridge/call', `the manifest declares no call ${name}`)
    this.live.handlers.set(name, handler)
    return this
  }

  ecall(guest: Guest): EcallOutcome {
    const { session, log, live } = this
    const { seq } = session
    if (live instanceof Resumed) live.seq = seq
    const { outcome, record } = session.serve(guest)
    if (record === undefined) return outcome
    if (seq < this.resume.length) this.compare(record, this.resume[seq])
    log.prepare(record)
    session.commit()
    log.commit()
    if (outcome.kind === 'audited') this.auditedCalls++
    const { outbox } = session.tx
    if (outbox.length > 0 && this.onConsole !== undefined)
      for (const { descriptor, bytes } of outbox) this.onConsole(descriptor === 2 ? 2 : 1, bytes)
    return outcome
  }

  journal(): Uint8Array {
    return this.session.journalBytes()
  }

  get privateConsumed(): number {
    return this.session.privateCursor
  }

  get publicConsumed(): number {
    return this.session.publicCursor
  }

  auditBytes(): Uint8Array | undefined {
    return this.memory?.bytes()
  }

  private compare(record: AuditRecord, before: AuditRecord): void {
    const [a, b] = [record, before].map((r) => encodeRecord(r, NO_PREVIOUS).bytes)
    if (a.length !== b.length || !standsAt(a, 0, b))
      throw new BridgeError(
        'bridge/resume',
        `record ${record.seq} is not as it was before the run was cut off`,
      )
  }
}

/** As the world was while the records were written; after them, as it is. */
class Resumed extends Live {
  seq = 0
  private readonly records: readonly AuditRecord[]

  constructor(manifest: Manifest, options: LiveOptions, records: readonly AuditRecord[]) {
    super(manifest, options)
    if (manifest.random.mode === 'advice')
      throw new BridgeError('bridge/resume', 'the log does not have the random bytes of the run')
    this.records = records
  }

  override now(): Time {
    const advice = this.records[this.seq]?.sections.find(({ kind }) => kind === 'advice')?.payload
    return advice === undefined ? super.now() : timeOf(advice)
  }

  override handler(name: string): GrantedHandler | undefined {
    const record = this.records[this.seq]
    if (record === undefined || this.manifest.calls[name].class === 'D') return super.handler(name)
    if (record.sections.some(({ kind, hidden }) => kind === 'copyout' && hidden))
      throw new BridgeError('bridge/resume', `the log does not have what ${name} wrote`)
    return (call) => applyAdvice(call, record)
  }
}

/** As `clock_gettime64` keeps it in the log. */
export const timeOf = (advice: Uint8Array): Time => ({
  seconds: wordAt(advice, 0) + wordAt(advice, 4) * 2 ** 32,
  nanoseconds: wordAt(advice, 8),
})
