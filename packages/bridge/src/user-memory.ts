import { RAM_SIZE } from '@vouch/engine'
import { EFAULT } from './errno.ts'
import type { FaultKind } from './record.ts'
import { PAGE_BYTES } from './mm.ts'

/** Of memory that belongs to the host: copying cannot fail. */
export interface Infallible {
  readonly fallible: false
}
/** Of guest memory: copying may end at a page that lacks the right. */
export interface Fallible {
  readonly fallible: true
}
export type Fallibility = Infallible | Fallible

/** How far a copy went. `n` bytes were copied, and both cursors moved by `n`, whether it is ok or not. */
export type CopyResult =
  | { readonly ok: true; readonly n: number }
  | {
      readonly ok: false
      readonly err: 'PageFault' | 'AccessDenied'
      readonly n: number
      /** The first address that could not be copied. */
      readonly va: number
      readonly kind: FaultKind
    }

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly errno: number; readonly va: number; readonly kind: FaultKind }

/** Guest memory within one call. Only the transaction implements it. */
export interface UserMemory {
  /** How many of the bytes may be read (or written), from the first on. */
  prefix(address: number, length: number, write: boolean): number
  /** Why the byte at an address may not be; also noted as the fault of the call. */
  faultAt(address: number, write: boolean): FaultKind
  /** Bytes inside one page, as the call sees them; noted as read. */
  view(address: number, length: number): Uint8Array
  /** Bytes inside one page of the call's own copy, to be filled; noted as written. */
  stage(address: number, length: number, hidden: boolean): Uint8Array
}

/** A place to copy bytes from. `F` says whether copying can fail. */
export class VmReader<F extends Fallibility> {
  declare readonly kind: F
  /** Absent for host memory. */
  readonly memory: UserMemory | undefined
  readonly bytes: Uint8Array
  at: number
  end: number
  /** Use `bytesReader` or `UserSpace.reader`. */
  constructor(memory: UserMemory | undefined, bytes: Uint8Array, at: number, end: number) {
    this.memory = memory
    this.bytes = bytes
    this.at = at
    this.end = end
  }
  remain(): number {
    return this.end - this.at
  }
  /** At most `n` bytes remain. */
  limit(n: number): this {
    this.end = Math.min(this.end, this.at + n)
    return this
  }
  /** Throws `RangeError` past the end. */
  skip(n: number): this {
    this.at += checkSkip(n, this.remain())
    return this
  }
}

/** A place to copy bytes to. */
export class VmWriter<F extends Fallibility> {
  declare readonly kind: F
  readonly memory: UserMemory | undefined
  readonly bytes: Uint8Array
  at: number
  end: number
  /** No log shows what is written here. */
  readonly hidden: boolean
  /** Use `bytesWriter` or `UserSpace.writer`. */
  constructor(memory: UserMemory | undefined, bytes: Uint8Array, at: number, end: number, hidden: boolean) {
    this.memory = memory
    this.bytes = bytes
    this.at = at
    this.end = end
    this.hidden = hidden
  }
  avail(): number {
    return this.end - this.at
  }
  /** At most `n` bytes are available. */
  limit(n: number): this {
    this.end = Math.min(this.end, this.at + n)
    return this
  }
  /** Throws `RangeError` past the end. */
  skip(n: number): this {
    this.at += checkSkip(n, this.avail())
    return this
  }
  /** Zeros, at most as many as are available. */
  fillZeros(n: number): F extends Infallible ? number : CopyResult {
    const asked = Math.min(n, this.avail())
    const { memory } = this
    if (memory === undefined) {
      this.bytes.fill(0, this.at, this.at + asked)
      this.at += asked
      return asked as F extends Infallible ? number : CopyResult
    }
    const count = memory.prefix(this.at, asked, true)
    eachPart(this.at, count, (address, length) => memory.stage(address, length, this.hidden).fill(0))
    this.at += count
    return outcome(count, asked, memory, this.at, true) as F extends Infallible ? number : CopyResult
  }
}

function checkSkip(n: number, most: number): number {
  if (!(n >= 0 && n <= most)) throw new RangeError(`cannot skip ${n} of ${most} bytes`)
  return n
}

export const bytesReader = (bytes: Uint8Array): VmReader<Infallible> =>
  new VmReader(undefined, bytes, 0, bytes.length)

export const bytesWriter = (bytes: Uint8Array): VmWriter<Infallible> =>
  new VmWriter(undefined, bytes, 0, bytes.length, false)

const inPage = (address: number): number => PAGE_BYTES - (address % PAGE_BYTES)

function eachPart(address: number, length: number, part: (address: number, length: number) => void): void {
  for (let done = 0; done < length;) {
    const count = Math.min(length - done, inPage(address + done))
    part(address + done, count)
    done += count
  }
}

function outcome(n: number, asked: number, memory: UserMemory, va: number, write: boolean): CopyResult {
  if (n === asked) return { ok: true, n }
  const kind = memory.faultAt(va, write)
  return { ok: false, err: kind === 'absent' || kind === 'range' ? 'PageFault' : 'AccessDenied', n, va, kind }
}

/**
 * Copies as much as one has and the other takes, page by page with no buffer between. Overlapping guest memory is
 * copied as memmove does. One overload for each pair, so that a copy that can fail is never taken for one that cannot.
 */
export function readInto(r: VmReader<Infallible>, w: VmWriter<Infallible>): number
export function readInto(r: VmReader<Fallible>, w: VmWriter<Infallible>): CopyResult
export function readInto(r: VmReader<Infallible>, w: VmWriter<Fallible>): CopyResult
export function readInto(r: VmReader<Fallible>, w: VmWriter<Fallible>): CopyResult
export function readInto(r: VmReader<Fallibility>, w: VmWriter<Fallibility>): number | CopyResult {
  const asked = Math.min(r.remain(), w.avail())
  const readable = r.memory === undefined ? asked : r.memory.prefix(r.at, asked, false)
  const writable = w.memory === undefined ? asked : w.memory.prefix(w.at, asked, true)
  const count = Math.min(readable, writable)
  copy(r, w, count)
  r.at += count
  w.at += count
  if (readable < asked && readable <= writable) return outcome(count, asked, r.memory!, r.at, false)
  if (writable < asked) return outcome(count, asked, w.memory!, w.at, true)
  return r.memory === undefined && w.memory === undefined ? count : { ok: true, n: count }
}

/** `count` bytes for which both sides have the right. */
function copy(r: VmReader<Fallibility>, w: VmWriter<Fallibility>, count: number): void {
  const from = r.memory
  const to = w.memory
  const source = (done: number, length: number): Uint8Array =>
    from === undefined ? r.bytes.subarray(r.at + done, r.at + done + length) : from.view(r.at + done, length)
  if (to === undefined) {
    if (from === undefined) w.bytes.set(source(0, count), w.at)
    else eachPart(r.at, count, (a, length) => w.bytes.set(source(a - r.at, length), w.at + a - r.at))
    return
  }
  const put = (done: number, length: number): void => {
    // In this order: what is staged no longer counts as read.
    const bytes = source(done, length)
    to.stage(w.at + done, length, w.hidden).set(bytes)
  }
  if (from === undefined) {
    eachPart(w.at, count, (a, length) => put(a - w.at, length))
    return
  }
  if (!(w.at > r.at && w.at < r.at + count)) {
    for (let done = 0; done < count;) {
      const length = Math.min(count - done, inPage(r.at + done), inPage(w.at + done))
      put(done, length)
      done += length
    }
    return
  }
  // The target begins inside the source: from the end, or its bytes would be read after they were written.
  for (let left = count; left > 0;) {
    const back = (end: number): number => ((end - 1) % PAGE_BYTES) + 1
    const length = Math.min(left, back(r.at + left), back(w.at + left))
    left -= length
    put(left, length)
  }
}

const SIZES = { u8: 1, u16: 2, u32: 4 } as const
export type ValueType = keyof typeof SIZES

/** Guest memory as the services use it. */
export class UserSpace {
  readonly memory: UserMemory
  constructor(memory: UserMemory) {
    this.memory = memory
  }

  /** Fails only where the range leaves RAM; pages are looked at when bytes are copied. */
  reader(va: number, length: number): Result<VmReader<Fallible>> {
    const error = this.outside(va, length)
    return error ?? { ok: true, value: new VmReader<Fallible>(this.memory, NO_BYTES, va, va + length) }
  }

  /** As `reader`. */
  writer(va: number, length: number, hidden = false): Result<VmWriter<Fallible>> {
    const error = this.outside(va, length)
    return (
      error ?? { ok: true, value: new VmWriter<Fallible>(this.memory, NO_BYTES, va, va + length, hidden) }
    )
  }

  /** All of the bytes or none. */
  read(va: number, length: number): Result<Uint8Array> {
    const bytes = new Uint8Array(length)
    const fault = this.whole(va, length, false)
    if (fault !== undefined) return fault
    eachPart(va, length, (a, count) => bytes.set(this.memory.view(a, count), a - va))
    return { ok: true, value: bytes }
  }

  /** All of the bytes or none. */
  write(va: number, bytes: Uint8Array, hidden = false): Result<number> {
    const fault = this.whole(va, bytes.length, true)
    if (fault !== undefined) return fault
    eachPart(va, bytes.length, (a, count) =>
      this.memory.stage(a, count, hidden).set(bytes.subarray(a - va, a - va + count)),
    )
    return { ok: true, value: bytes.length }
  }

  readVal(va: number, type: ValueType): Result<number> {
    const found = this.read(va, SIZES[type])
    if (!found.ok) return found
    let value = 0
    for (let i = SIZES[type] - 1; i >= 0; i--) value = value * 256 + found.value[i]
    return { ok: true, value }
  }

  writeVal(va: number, type: ValueType, value: number): Result<number> {
    const bytes = new Uint8Array(SIZES[type])
    for (let i = 0; i < bytes.length; i++) bytes[i] = value >>> (8 * i)
    return this.write(va, bytes)
  }

  /** The word before; it becomes `desired` if it was `expected`. Throws `RangeError` if `va` is not a multiple of 4. */
  compareExchange(va: number, expected: number, desired: number): Result<number> {
    if (va % 4 !== 0) throw new RangeError(`${va} is not a multiple of 4`)
    const fault = this.whole(va, 4, true)
    if (fault !== undefined) return fault
    const old = this.readVal(va, 'u32')
    if (old.ok && old.value === expected >>> 0) this.writeVal(va, 'u32', desired)
    return old
  }

  /** Bytes up to a zero, which must be among the first `max`: else ENAMETOOLONG, with no fault. */
  readCString(va: number, max: number, tooLong: number): Result<Uint8Array> {
    const parts: number[] = []
    for (let i = 0; i < max; i++) {
      const byte = this.readVal(va + i, 'u8')
      if (!byte.ok) return byte
      if (byte.value === 0) return { ok: true, value: Uint8Array.from(parts) }
      parts.push(byte.value)
    }
    return { ok: false, errno: tooLong, va, kind: 'none' }
  }

  private outside(va: number, length: number): Result<never> | undefined {
    if (length === 0 || va + length <= RAM_SIZE) return undefined
    const first = Math.max(va, RAM_SIZE)
    return { ok: false, errno: EFAULT, va: first, kind: this.memory.faultAt(first, false) }
  }

  private whole(va: number, length: number, write: boolean): Result<never> | undefined {
    const count = this.memory.prefix(va, length, write)
    if (count === length) return undefined
    return { ok: false, errno: EFAULT, va: va + count, kind: this.memory.faultAt(va + count, write) }
  }
}

const NO_BYTES = new Uint8Array(0)
