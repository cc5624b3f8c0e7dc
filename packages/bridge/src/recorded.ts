import type { Guest } from '@vouch/engine'
import type { Sha256 } from '@vouch/hash'
import { applyAdvice } from './advice.ts'
import { REGISTER_READ } from './effects.ts'
import type { Environment, Time } from './environment.ts'
import type { GrantedHandler, Handler } from './host-call.ts'
import { timeOf } from './host.ts'
import { publicSide } from './live.ts'
import type { Files } from './live.ts'
import type { Manifest } from './manifest.ts'
import { PAGE_BYTES } from './mm.ts'
import type { AuditRecord } from './record.ts'
import { EvidenceError } from './session.ts'
import { addSpan, covers } from './spans.ts'
import { MAX_STREAM_BYTES } from './streams.ts'
import { wordAt } from './transaction.ts'

const NO_DIGEST = new Uint8Array(32)

/** The world as a log shows it, one record after the other; and the guest, as far as the record has it. */
export class Recorded implements Environment, Guest {
  readonly sees = false
  readonly manifest: Manifest
  readonly seed: Uint8Array
  readonly publicInput: Uint8Array
  readonly file: (digest: string) => Uint8Array
  /** The first thing that the record lacks, even if a handler made nothing of it. */
  missing: EvidenceError | undefined
  private readonly handlers: Readonly<Record<string, Handler>>
  private record!: AuditRecord
  private host!: (slot: number) => number
  private readonly pages = new Map<number, Uint8Array>()
  private readonly known: number[] = []
  private zeros = new Uint8Array(PAGE_BYTES)

  constructor(
    manifest: Manifest,
    options: {
      readonly publicInput: Uint8Array
      readonly files?: Files
      readonly handlers?: Readonly<Record<string, Handler>>
    },
    sha256: Sha256,
  ) {
    const common = publicSide(manifest, options.publicInput, options.files, sha256)
    this.manifest = manifest
    this.seed = common.seed
    this.publicInput = common.publicInput
    this.file = common.file
    this.handlers = options.handlers ?? {}
  }

  /** The guest at a record. `host` has the slots above the registers. */
  open(record: AuditRecord, host: (slot: number) => number): Guest {
    this.record = record
    this.host = host
    this.missing = undefined
    this.pages.clear()
    this.known.length = 0
    for (const { kind, address, payload } of record.sections) {
      if (kind !== 'copyin' || payload === undefined) continue
      addSpan(this.known, address, address + payload.length)
      for (let i = 0; i < payload.length;) {
        const index = (address + i) >>> 12
        const offset = (address + i) % PAGE_BYTES
        const part = payload.subarray(i, i + PAGE_BYTES - offset)
        let page = this.pages.get(index)
        if (page === undefined) this.pages.set(index, (page = new Uint8Array(PAGE_BYTES)))
        page.set(part, offset)
        i += part.length
      }
    }
    return this
  }

  get clk(): number {
    return this.record.clk
  }

  get pc(): number {
    return this.record.pc
  }

  reg(slot: number): number {
    const { record } = this
    if (slot === 17) return record.number
    if (slot >= 33) return this.host(slot)
    if (record.sections.length > 0) {
      const found = record.sections.find((s) => s.kind === 'register' && s.address === REGISTER_READ + slot)
      if (found?.payload !== undefined) return wordAt(found.payload, 0)
    }
    if (slot >= 10 && slot < 16) return record.args[slot - 10]
    throw this.lack('replay/missing-read', `the value of register ${slot}`, 'no such section')
  }

  page(index: number): Uint8Array | undefined {
    return this.pages.get(index)
  }

  readonly reads = (address: number, length: number): void => {
    if (!covers(this.known, address, address + length))
      throw this.lack('replay/missing-read', `${length} bytes at ${address}`, 'no such section')
  }

  /** How many there were is advice. A call that failed, or stopped at a page, had at least as many as it needed. */
  privateCount(at: number, asked: number): number {
    const most = Math.max(0, Math.min(asked, MAX_STREAM_BYTES - at))
    return this.record.outcome === 'commit' ? Math.min(most, this.record.done) : most
  }

  privateBytes(_at: number, count: number): Uint8Array {
    return this.hiddenBytes(count)
  }

  random(count: number): Uint8Array {
    return this.hiddenBytes(count)
  }

  now(): Time {
    const advice = this.record.sections.find(({ kind }) => kind === 'advice')?.payload
    const time = advice?.length === 12 ? timeOf(advice) : undefined
    if (time === undefined || time.nanoseconds >= 1e9 || time.seconds > Number.MAX_SAFE_INTEGER)
      throw this.lack('replay/advice', 'a time', 'none')
    return time
  }

  hiddenDigest(_seq: number, index: number): Uint8Array {
    const section = this.record.sections[index]
    return section?.hidden === true ? section.digest : NO_DIGEST
  }

  handler(name: string): GrantedHandler | undefined {
    const { record } = this
    if (this.manifest.calls[name].class === 'A') return (call) => applyAdvice(call, record)
    if (Object.hasOwn(this.handlers, name)) return this.handlers[name]
    throw this.lack('replay/no-handler', `a handler of ${name}`, 'none')
  }

  private lack(code: string, expected: string, got: string): EvidenceError {
    const error = new EvidenceError(code, expected, got)
    this.missing ??= error
    return error
  }

  /** Zeros, in place of bytes that nobody sees. */
  private hiddenBytes(count: number): Uint8Array {
    if (this.zeros.length < count) this.zeros = new Uint8Array(count)
    return this.zeros.subarray(0, count)
  }
}
