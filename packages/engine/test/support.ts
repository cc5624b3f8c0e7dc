import { CHARGED, encode, parseElf } from '@vouch/engine'
import type { AuditedCall, Guest, Host, Program, Span, StagedPage } from '@vouch/engine'
import { assembleElf, buildElf } from '@vouch/engine/assembler'

export const BASE = 0x10000

/** A program of these words at BASE, starting at the first. */
export function programOf(words: readonly number[]): Program {
  const text = new Uint8Array(4 * words.length)
  const view = new DataView(text.buffer)
  words.forEach((w, i) => view.setUint32(4 * i, w >>> 0, true))
  return parseElf(buildElf({ text, entry: BASE }))
}

export const programFrom = (source: string): Program => parseElf(assembleElf(source))

/** Exits on a7 = 93, answers 7 to a7 = 1, traps otherwise. */
export const plainHost: Host = {
  ecall(guest) {
    const number = guest.reg(17)
    if (number === 93) return { kind: 'exit', code: guest.reg(10) }
    return number === 1 ? { kind: 'direct', result: 7 } : { kind: 'trap', cause: 'denied-syscall' }
  },
}

/** Guest memory as it is. */
export function bytesAt(guest: Guest, address: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => guest.page((address + i) >>> 12)?.[(address + i) & 4095] ?? 0)
}

export interface Effects {
  readonly result?: number
  readonly nextPc?: number
  readonly charge?: number
  readonly registersRead?: readonly number[]
  readonly registersWritten?: readonly (readonly [slot: number, value: number])[]
  /** Ascending, neither touching nor overlapping; so are `writes`. */
  readonly reads?: readonly (readonly [address: number, length: number])[]
  readonly writes?: readonly { address: number; bytes: Uint8Array; hidden?: readonly Span[] }[]
}

/** An audited call as a bridge makes it: a7 is read, a0 read and written, and what is asked for. */
export function auditedCall(guest: Guest, e: Effects): AuditedCall {
  const charged = guest.reg(CHARGED)
  const slots = [17, 10, ...(e.charge === undefined ? [] : [CHARGED]), ...(e.registersRead ?? [])]
  return {
    kind: 'audited',
    nextPc: e.nextPc ?? guest.pc + 4,
    registersRead: slots.map((slot) => [slot, guest.reg(slot)]),
    registersWritten: [
      [10, e.result ?? 0],
      ...(e.charge === undefined ? [] : [[CHARGED, charged + e.charge] as const]),
      ...(e.registersWritten ?? []),
    ],
    memoryRead: (e.reads ?? []).map(([address, length]) => ({
      address,
      bytes: bytesAt(guest, address, length),
    })),
    pages: stage(e.writes ?? []),
  }
}

/** Pages with junk where nothing is written. */
function stage(writes: NonNullable<Effects['writes']>): StagedPage[] {
  const pages = new Map<number, { bytes: Uint8Array; written: Span[]; hidden: Span[] }>()
  const each = ({ address, length }: Span, put: (index: number, part: Span) => void): void => {
    for (let at = address; at < address + length;) {
      const end = Math.min(address + length, (Math.floor(at / 4096) + 1) * 4096)
      put(at >>> 12, { address: at, length: end - at })
      at = end
    }
  }
  for (const { address, bytes, hidden } of writes) {
    each({ address, length: bytes.length }, (index, part) => {
      const page = pages.get(index) ?? { bytes: new Uint8Array(4096).fill(0xee), written: [], hidden: [] }
      pages.set(index, page)
      page.bytes.set(
        bytes.subarray(part.address - address, part.address - address + part.length),
        part.address % 4096,
      )
      page.written.push(part)
    })
    for (const span of hidden ?? []) each(span, (index, part) => pages.get(index)?.hidden.push(part))
  }
  return [...pages].sort(([a], [b]) => a - b).map(([index, page]) => ({ index, ...page }))
}

export const ECALL = encode('ecall', {})

/** xorshift32: below `n`. */
export function random(seed: number): (n: number) => number {
  let s = seed | 1
  return (n) => {
    s ^= s << 13
    s ^= s >>> 17
    s ^= s << 5
    return (s >>> 0) % n
  }
}
