import { RAM_SIZE } from '@vouch/engine'
import { EIO, EPERM } from './errno.ts'
import type { BufferGrant, CallGrant } from './manifest.ts'
import type { FaultKind } from './record.ts'
import { CapabilityError, NO_ADDRESS } from './transaction.ts'
import type { Transaction } from './transaction.ts'
import { VmReader, VmWriter } from './user-memory.ts'
import type { Fallible } from './user-memory.ts'

/** All cycles, with those charged, stay below this. */
export const MAX_CHARGED = 2 ** 28

/**
 * What the handler of a host call sees of the guest. Each effect is checked against the manifest's grant; one that goes
 * beyond it fails the call with EPERM, and nothing of it happens.
 */
export interface HostCall {
  readonly name: string
  /** As many as the grant says. */
  readonly args: readonly number[]
  readonly clk: number
  readonly pc: number
  /** A register, 0 to 31. */
  reg(slot: number): number
  /** Slot 10 is a0, and takes the place of the result. */
  setReg(slot: number, value: number): void
  /** Guest memory within `reads`. Pages are looked at when bytes are copied. */
  reader(address: number, length: number): VmReader<Fallible>
  /** Guest memory within `writes`. */
  writer(address: number, length: number): VmWriter<Fallible>
  /** Adds to the cycles that the guest has used. */
  charge(cycles: number): void
  /** Where the guest goes on; a multiple of 4 below 2^30. */
  setPc(address: number): void
}

/**
 * Serves a host call: its result, or an error negated, -4095 to -1; none is 0. It must be synchronous. One that throws
 * fails the call with EIO.
 */
export type Handler = (call: HostCall) => number | void

/** Ends a call with an error and a fault of its own. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure'
  readonly errno: number
  readonly fault: FaultKind
  readonly address: number
  constructor(errno: number, fault: FaultKind, address: number) {
    super(`errno ${errno}`)
    this.errno = errno
    this.fault = fault
    this.address = address
  }
}

const NO_BYTES = new Uint8Array(0)

export class GrantedCall implements HostCall {
  readonly name: string
  readonly args: readonly number[]
  readonly clk: number
  readonly pc: number
  /** The first thing that went beyond the grant; it fails the call even if the handler goes on. */
  violation: CapabilityError | undefined
  private open = true
  private readonly tx: Transaction
  private readonly grant: CallGrant
  private readonly maxCycles: number

  constructor(name: string, grant: CallGrant, tx: Transaction, maxCycles: number) {
    this.name = name
    this.grant = grant
    this.tx = tx
    this.maxCycles = maxCycles
    this.args = tx.args.slice(0, grant.args)
    this.clk = tx.guest.clk
    this.pc = tx.guest.pc
  }

  /** From here on the handler's object does nothing. */
  close(): void {
    this.open = false
  }

  reg(slot: number): number {
    this.alive()
    return this.tx.reg(slot)
  }

  setReg(slot: number, value: number): void {
    this.alive()
    if (slot !== 10 && !this.grant.registers.includes(slot)) throw this.beyond(`write register ${slot}`)
    this.tx.setReg(slot, value)
  }

  reader(address: number, length: number): VmReader<Fallible> {
    this.checkRange(address, length)
    if (!covered(this.grant.reads, this.args, address, length))
      throw this.beyond(`read ${length} bytes at ${address}`, address)
    return new VmReader<Fallible>(this.tx, NO_BYTES, address, address + length)
  }

  writer(address: number, length: number): VmWriter<Fallible> {
    const writer = this.writerTo(address, length, false) ?? this.writerTo(address, length, true)
    if (writer === undefined) throw this.beyond(`write ${length} bytes at ${address}`, address)
    return writer
  }

  /** A writer within the buffers that are shown, or those that are hidden, if these hold the bytes. */
  writerTo(address: number, length: number, hidden: boolean): VmWriter<Fallible> | undefined {
    this.checkRange(address, length)
    const buffers = this.grant.writes.filter((b) => (b.hidden === true) === hidden)
    return covered(buffers, this.args, address, length)
      ? new VmWriter<Fallible>(this.tx, NO_BYTES, address, address + length, hidden)
      : undefined
  }

  charge(cycles: number): void {
    this.alive()
    const { tx } = this
    if (!(Number.isInteger(cycles) && cycles >= 0)) throw new RangeError(`cannot charge ${cycles} cycles`)
    const charged = tx.kernel.charged + cycles
    if (
      tx.charged + cycles > this.grant.charge ||
      this.clk + charged > this.maxCycles ||
      charged >= MAX_CHARGED
    )
      throw this.beyond(`charge ${cycles} cycles more`)
    tx.charged += cycles
    tx.update({ charged })
  }

  setPc(address: number): void {
    this.alive()
    if (!this.grant.pc) throw this.beyond('say where the guest goes on', address)
    if (!(Number.isInteger(address) && address >= 0 && address < RAM_SIZE && address % 4 === 0))
      throw new RangeError(`the guest cannot go on at ${address}`)
    this.tx.step()
    this.tx.nextPc = address
  }

  /** Of a copy that ended early, where a record is applied again. */
  noteFault(kind: FaultKind, address: number): void {
    this.tx.noteFault(kind, address)
  }

  private beyond(what: string, address?: number): CapabilityError {
    const error = new CapabilityError(`${this.name} may not ${what}`, address)
    this.violation ??= error
    return error
  }

  private alive(): void {
    if (!this.open) throw new Error(`${this.name} has returned`)
  }

  private checkRange(address: number, length: number): void {
    this.alive()
    this.tx.step()
    if (!(
      Number.isInteger(address) &&
      address >= 0 &&
      address < 2 ** 32 &&
      Number.isInteger(length) &&
      length >= 0
    ))
      throw new RangeError(`no guest memory: ${length} bytes at ${address}`)
  }
}

/** Whether the buffers together hold the bytes. */
function covered(
  buffers: readonly BufferGrant[],
  args: readonly number[],
  address: number,
  length: number,
): boolean {
  const end = address + length
  for (let at = address; at < end;) {
    const from = at
    for (const { pointer, length: size } of buffers) {
      const start = args[pointer]
      if (start <= at) at = Math.max(at, start + ('bytes' in size ? size.bytes : args[size.argument]))
    }
    if (at === from) return false
  }
  return true
}

/** A handler, or a record in its place. */
export type GrantedHandler = (call: GrantedCall) => number | void

/** Serves one call by its handler. */
export function serveGranted(call: GrantedCall, handler: GrantedHandler): number {
  const result = handler(call) as unknown
  call.close()
  if (call.violation !== undefined) throw call.violation
  if (result === undefined) return 0
  if (!(typeof result === 'number' && Number.isInteger(result) && result >= -(2 ** 31) && result < 2 ** 32))
    throw new TypeError(`the handler of ${call.name} returned no 32-bit number`)
  return result
}

/** What a thrown value makes of a call: never a reason to stop the run. */
export function callFailure(error: unknown): CallFailure {
  if (error instanceof CallFailure) return error
  if (error instanceof CapabilityError) return new CallFailure(EPERM, 'capability', error.address)
  return new CallFailure(EIO, 'none', NO_ADDRESS)
}
