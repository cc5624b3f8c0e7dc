import { RAM_SIZE } from '@vouch/engine'
import type { DirectCall, Guest } from '@vouch/engine'
import { EFAULT } from './errno.ts'
import type { Environment } from './environment.ts'
import type { Kernel, OpenFile } from './kernel.ts'
import { MAX_TRANSFER, PAGE_BYTES, firstWithout, mayRead, mayWrite, rightsOf } from './mm.ts'
import type { AssuranceClass, FaultKind } from './record.ts'
import { addSpan, eachGap, removeSpan } from './spans.ts'
import type { Spans } from './spans.ts'
import { UserSpace } from './user-memory.ts'
import type { UserMemory } from './user-memory.ts'

export const NO_ADDRESS = 0xffffffff

/** Most pages that one call writes: twice what it moves, since buffers need not fill their pages. */
const MAX_STAGES = (2 * MAX_TRANSFER) / PAGE_BYTES

/** The call's own copy of a page. Spans are offsets in it. */
export interface Stage {
  readonly bytes: Uint8Array
  readonly written: Spans
  readonly hidden: Spans
}

/** Bytes that leave when the call commits. They are empty in a replay, which cannot see them. */
export interface OutboxPart {
  readonly descriptor: number
  readonly length: number
  readonly bytes: Uint8Array
}

/** A call that does more than its manifest lets it. */
export class CapabilityError extends Error {
  override readonly name = 'CapabilityError'
  readonly address: number
  constructor(message: string, address = NO_ADDRESS) {
    super(message)
    this.address = address
  }
}

/** For tests: the call fails at its `at`-th internal step, counted from 1, if it makes that many; 0 is never. */
export interface FaultPlan {
  at: number
  /** Steps that the last call made. */
  taken: number
}

interface Saved {
  readonly kernel: Kernel
  readonly cursors: readonly [number, number, number]
  readonly stages: ReadonlyMap<number, Stage>
  readonly journal: number
  readonly outbox: number
}

/**
 * One call: the guest as it was, and drafts of all that the call changes. Nothing reaches the guest, the kernel, the
 * streams or the outside before the session takes the drafts over. One object serves all calls, one after the other.
 */
export class Transaction implements UserMemory {
  readonly environment: Environment
  readonly user = new UserSpace(this)
  private readonly linux: boolean
  private readonly faults: FaultPlan | undefined
  /** Steps until a fault is injected. Without a plan it only ever falls. */
  private fuse = 0

  guest!: Guest
  /** As the call leaves it; services replace it. */
  kernel: Kernel
  /** a0..a5; what the call does not take is 0. */
  readonly args = [0, 0, 0, 0, 0, 0]
  argCount = 0

  class: AssuranceClass = 'D'
  requested = 0
  done = 0
  charged = 0
  fault: FaultKind = 'none'
  faultAddress = NO_ADDRESS

  privateCursor = 0
  publicCursor = 0
  journalCursor = 0
  readonly journal: Uint8Array[] = []
  readonly outbox: OutboxPart[] = []
  /** Shown in the log, and used instead of asking again when it is replayed. */
  advice: Uint8Array | undefined

  readonly stages = new Map<number, Stage>()
  /** Addresses of guest memory that were read as they were before the call. */
  readonly reads: Spans = []
  /** Slots beside a7 and the arguments. */
  readonly registersRead = new Map<number, number>()
  readonly registersWritten = new Map<number, number>()
  nextPc = 0
  direct: DirectCall | undefined
  saved: Saved | undefined

  constructor(environment: Environment, kernel: Kernel, linux: boolean, faults?: FaultPlan) {
    this.environment = environment
    this.kernel = kernel
    this.linux = linux
    this.faults = faults
  }

  begin(guest: Guest): void {
    this.guest = guest
    this.nextPc = guest.pc + 4
    this.class = 'D'
    this.requested = 0
    this.done = 0
    this.charged = 0
    this.fault = 'none'
    this.faultAddress = NO_ADDRESS
    this.argCount = 0
    this.args.fill(0)
    this.advice = undefined
    this.direct = undefined
    this.saved = undefined
    if (this.reads.length > 0) this.reads.length = 0
    this.dropDrafts()
    this.fuse = this.faults?.at ?? 0
  }

  private dropDrafts(): void {
    if (this.stages.size > 0) this.stages.clear()
    if (this.registersRead.size > 0) this.registersRead.clear()
    if (this.registersWritten.size > 0) this.registersWritten.clear()
    if (this.journal.length > 0) this.journal.length = 0
    if (this.outbox.length > 0) this.outbox.length = 0
  }

  /** Everything that a call does passes here at least once. */
  step(): void {
    if (--this.fuse === 0) throw new Error('injected fault')
  }

  /** After a call, for tests. */
  noteSteps(): void {
    if (this.faults !== undefined) {
      this.faults.taken = this.faults.at - this.fuse
      this.fuse = 0
    }
  }

  takeArgs(count: number): void {
    this.argCount = count
    for (let i = 0; i < count; i++) this.args[i] = this.guest.reg(10 + i)
  }

  /** Where the manifest asks for Linux's ways: what was done so far stays even if the call then fails. */
  checkpoint(): void {
    this.step()
    if (!this.linux) return
    const stages = new Map<number, Stage>()
    for (const [index, { bytes, written, hidden }] of this.stages)
      stages.set(index, { bytes: bytes.slice(), written: written.slice(), hidden: hidden.slice() })
    this.saved = {
      kernel: this.kernel,
      cursors: [this.privateCursor, this.publicCursor, this.journalCursor],
      stages,
      journal: this.journal.length,
      outbox: this.outbox.length,
    }
  }

  /**
   * Drops all drafts, or all since the checkpoint; what was read stays, as evidence for why the call failed. The session
   * puts kernel and cursors back first. Whether something is left.
   */
  rollback(): boolean {
    const { saved } = this
    this.charged = 0
    this.done = 0
    this.direct = undefined
    this.advice = undefined
    this.nextPc = this.guest.pc + 4
    const journal = this.journal.slice(0, saved?.journal ?? 0)
    const outbox = this.outbox.slice(0, saved?.outbox ?? 0)
    const read = [...this.registersRead]
    this.dropDrafts()
    for (const [slot, value] of read) this.registersRead.set(slot, value)
    if (saved === undefined) return false
    this.kernel = saved.kernel
    ;[this.privateCursor, this.publicCursor, this.journalCursor] = saved.cursors
    for (const [index, stage] of saved.stages) this.stages.set(index, stage)
    this.journal.push(...journal)
    this.outbox.push(...outbox)
    return true
  }

  /** Replaces parts of the kernel's state. */
  update(changes: Partial<Kernel>): void {
    this.step()
    this.kernel = { ...this.kernel, ...changes }
  }

  noteFault(kind: FaultKind, address: number): void {
    this.fault = kind
    this.faultAddress = address >>> 0
  }

  /** The open file of a descriptor that has a right; rights 0 is any. */
  file(fd: number, rights: number): OpenFile | undefined {
    this.step()
    const { fds, files } = this.kernel
    const index = fd < fds.length ? fds[fd] : -1
    const file = index < 0 ? undefined : files[index]
    return file !== undefined && (file.rights & rights) === rights ? file : undefined
  }

  /** As access_ok of Linux: noted as a fault if some of the bytes lie outside RAM. */
  inRam(address: number, length: number): boolean {
    if (length === 0 || address + length <= RAM_SIZE) return true
    this.noteFault('range', Math.max(address, RAM_SIZE))
    return false
  }

  prefix(address: number, length: number, write: boolean): number {
    this.step()
    if (length === 0) return 0
    const end = Math.min(address + length, RAM_SIZE)
    const { map } = this.kernel
    if (address >= end) return 0
    const pages = ((end - 1) >>> 12) - (address >>> 12) + 1
    const bad = firstWithout(map, address >>> 12, pages, write ? mayWrite : mayRead)
    return bad < 0 ? end - address : Math.max(0, bad * PAGE_BYTES - address)
  }

  faultAt(address: number, write: boolean): FaultKind {
    const kind =
      address >= RAM_SIZE
        ? 'range'
        : rightsOf(this.kernel.map, address >>> 12) === 0
          ? 'absent'
          : write
            ? 'no-write'
            : 'no-read'
    this.noteFault(kind, address)
    return kind
  }

  view(address: number, length: number): Uint8Array {
    this.step()
    const index = address >>> 12
    const offset = address % PAGE_BYTES
    const stage = this.stages.get(index)
    const read = (from: number, to: number): void => {
      this.environment.reads?.(from, to - from)
      addSpan(this.reads, from, to)
    }
    if (stage === undefined) {
      read(address, address + length)
      return (this.guest.page(index) ?? ZERO_PAGE).subarray(offset, offset + length)
    }
    const base = address - offset
    eachGap(stage.written, offset, offset + length, (from, to) => read(base + from, base + to))
    return stage.bytes.subarray(offset, offset + length)
  }

  stage(address: number, length: number, hidden: boolean): Uint8Array {
    this.step()
    const index = address >>> 12
    const offset = address % PAGE_BYTES
    let stage = this.stages.get(index)
    if (stage === undefined) {
      this.expectRoom()
      const bytes = new Uint8Array(PAGE_BYTES)
      const base = length === PAGE_BYTES ? undefined : this.guest.page(index)
      if (base !== undefined) bytes.set(base)
      this.stages.set(index, (stage = { bytes, written: [], hidden: [] }))
    }
    addSpan(stage.written, offset, offset + length)
    if (hidden) addSpan(stage.hidden, offset, offset + length)
    else if (stage.hidden.length > 0) removeSpan(stage.hidden, offset, offset + length)
    return stage.bytes.subarray(offset, offset + length)
  }

  /** Puts bytes where the right was checked. Whole pages share one copy of them. */
  put(address: number, bytes: Uint8Array, hidden: boolean): void {
    const own = bytes.length >= PAGE_BYTES ? bytes.slice() : bytes
    for (let i = 0; i < bytes.length;) {
      const count = Math.min(bytes.length - i, PAGE_BYTES - ((address + i) % PAGE_BYTES))
      const part = own.subarray(i, i + count)
      if (count === PAGE_BYTES) this.stageWhole((address + i) >>> 12, part, hidden)
      else this.stage(address + i, count, hidden).set(part)
      i += count
    }
  }

  private stageWhole(index: number, bytes: Uint8Array, hidden: boolean): void {
    this.step()
    if (!this.stages.has(index)) this.expectRoom()
    this.stages.set(index, { bytes, written: [0, PAGE_BYTES], hidden: hidden ? [0, PAGE_BYTES] : [] })
  }

  private expectRoom(): void {
    if (this.stages.size === MAX_STAGES) throw new RangeError(`a call writes at most ${MAX_STAGES} pages`)
  }

  /** Zeros where the right was checked. */
  clear(address: number, length: number): void {
    for (let i = 0; i < length;) {
      const count = Math.min(length - i, PAGE_BYTES - ((address + i) % PAGE_BYTES))
      this.stage(address + i, count, false).fill(0)
      i += count
    }
  }

  /** A copy of bytes whose right was checked. */
  take(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length;) {
      const count = Math.min(length - i, PAGE_BYTES - ((address + i) % PAGE_BYTES))
      bytes.set(this.view(address + i, count), i)
      i += count
    }
    return bytes
  }

  /** As `take` of bytes that leave and that nobody vouches for: not an effect, and empty where memory cannot be seen. */
  peek(address: number, length: number, into: Uint8Array, at: number): void {
    this.step()
    if (!this.environment.sees) return
    for (let i = 0; i < length;) {
      const offset = (address + i) % PAGE_BYTES
      const count = Math.min(length - i, PAGE_BYTES - offset)
      const page = this.stages.get((address + i) >>> 12)?.bytes ?? this.guest.page((address + i) >>> 12)
      if (page !== undefined) into.set(page.subarray(offset, offset + count), at + i)
      i += count
    }
  }

  /** Bytes of a struct, all or none; undefined with the fault noted. */
  load(address: number, length: number): Uint8Array | undefined {
    const found = this.user.read(address, length)
    return found.ok ? found.value : undefined
  }

  /** Words of a struct, all or none; -EFAULT with the fault noted, or 0. */
  store(address: number, words: readonly number[]): number {
    const bytes = new Uint8Array(4 * words.length)
    words.forEach((word, i) => {
      for (let b = 0; b < 4; b++) bytes[4 * i + b] = word >>> (8 * b)
    })
    return this.storeBytes(address, bytes)
  }

  storeBytes(address: number, bytes: Uint8Array): number {
    return this.user.write(address, bytes).ok ? 0 : -EFAULT
  }

  /** A register of the guest, 0 to 31. */
  reg(slot: number): number {
    this.step()
    if (!(Number.isInteger(slot) && slot >= 0 && slot < 32)) throw new RangeError(`no register ${slot}`)
    const written = this.registersWritten.get(slot)
    if (slot === 0 || written !== undefined) return written ?? 0
    if (slot >= 10 && slot < 10 + this.argCount) return this.args[slot - 10]
    const value = this.guest.reg(slot)
    if (slot !== 17) this.registersRead.set(slot, value)
    return value
  }

  setReg(slot: number, value: number): void {
    this.step()
    if (!(Number.isInteger(slot) && slot > 0 && slot < 32))
      throw new RangeError(`no register ${slot} to write`)
    this.registersWritten.set(slot, value >>> 0)
  }
}

const ZERO_PAGE = new Uint8Array(PAGE_BYTES)

export const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0
