import { effectRows } from '@vouch/engine'
import type { EcallOutcome } from '@vouch/engine'
import { DEFAULT_MANIFEST, SERVICES, bridge, openLog, replay } from '@vouch/bridge'
import type {
  AuditRecord,
  Bridge,
  BridgeOptions,
  Handler,
  LoggedCall,
  Manifest,
  Replayed,
} from '@vouch/bridge'
import { expect } from 'vitest'
import { FakeGuest } from './fake-guest.ts'

/** Numbers by name. */
export const NR = Object.fromEntries(SERVICES.map(({ name, number }) => [name, number])) as Record<
  (typeof SERVICES)[number]['name'],
  number
>

export const manifest = (changes: Partial<Manifest>): Manifest => ({ ...DEFAULT_MANIFEST, ...changes })

export const text = (s: string): Uint8Array => new TextEncoder().encode(s)
export const asText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** As `toEqual` of bytes, which takes a microsecond a byte. */
export function expectBytes(got: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(got, expected) !== 0) expect(hex(got)).toBe(hex(expected))
}

/** Pages that tests take away, and one that is fine. */
export const GOOD = 0x20000
/** Not there. */
export const BAD = 0x31000
/** One byte before `BAD` is fine, as is all of its page. */
export const EDGE = BAD
export const SALT = new Uint8Array(32).fill(9)

/** A bridge with a fake guest: calls are made one after the other, and all of it can be replayed. */
export class Desk {
  readonly guest = new FakeGuest()
  readonly bridge: Bridge
  readonly outcomes: EcallOutcome[] = []
  readonly shown: { descriptor: number; bytes: Uint8Array }[] = []
  private readonly options: BridgeOptions

  constructor(options: BridgeOptions = {}) {
    this.options = options
    this.bridge = bridge({
      salt: SALT,
      onConsole: (descriptor, bytes) => this.shown.push({ descriptor, bytes: bytes.slice() }),
      ...options,
    })
  }

  /** a0 after, signed. */
  call(number: number, ...args: readonly number[]): number {
    const outcome = this.bridge.ecall(this.guest.call(number, args))
    this.outcomes.push(outcome)
    this.guest.apply(outcome)
    return this.guest.registers[10] | 0
  }

  /** Makes the page of `BAD` absent. */
  breakPage(): this {
    expect(this.call(NR.munmap, BAD, 4096)).toBe(0)
    return this
  }

  get last(): EcallOutcome {
    return this.outcomes[this.outcomes.length - 1]
  }

  get records(): readonly AuditRecord[] {
    return opened(this.bridge.auditBytes()!).records.map(({ record }) => record)
  }

  get record(): AuditRecord {
    const { records } = this
    return records[records.length - 1]
  }

  console(): string {
    return this.shown.map(({ bytes }) => asText(bytes)).join('')
  }

  /** Replays the log, and expects the effects that the run had. */
  replayed(handlers: Readonly<Record<string, Handler>> = this.options.handlers ?? {}): Replayed {
    const result = replay(opened(this.bridge.auditBytes()!), {
      publicInput: this.options.publicInput ?? new Uint8Array(0),
      ...(this.options.files === undefined ? {} : { files: this.options.files }),
      handlers,
    })
    if (!result.ok) throw new Error(result.failure.message)
    const lived = this.outcomes.filter(({ kind }) => kind !== 'trap')
    expect(result.calls.length).toBe(lived.length)
    result.calls.forEach((call, i) => sameEffects(call, lived[i]))
    expectBytes(result.journal, this.bridge.journal())
    expect(result.publicConsumed).toBe(this.bridge.publicConsumed)
    return result
  }
}

export function opened(bytes: Uint8Array) {
  const log = openLog(bytes)
  if (!log.ok) throw new Error(log.failure.message)
  return log
}

function sameEffects(call: LoggedCall, lived: EcallOutcome): void {
  expect(call.kind).toBe(lived.kind)
  if (call.kind === 'audited' && lived.kind === 'audited') {
    expect(call.nextPc).toBe(lived.nextPc)
    const [ours, theirs] = [call.effects, effectRows(lived)]
    expectBytes(new Uint8Array(ours.buffer), new Uint8Array(theirs.buffer))
  } else if (call.kind === 'direct' && lived.kind === 'direct') expect(call.result).toBe(lived.result)
  else if (call.kind === 'exit' && lived.kind === 'exit') expect(call.code).toBe(lived.code)
}
