import type { AuditedCall, Guest } from './host.ts'
import { PAGE_BITS, PAGE_BYTES, PAGE_WORDS, pageOf } from './memory.ts'
import type { Memory } from './memory.ts'

/** A machine's registers and memory, as the hosts of runs and traces see and change them. */
export class PortGuest implements Guest {
  clk = 0
  readonly port: { readonly pc: number; readonly registers: Int32Array; readonly memory: Memory }

  constructor(port: PortGuest['port']) {
    this.port = port
  }

  get pc(): number {
    return this.port.pc >>> 0
  }

  reg(slot: number): number {
    return this.port.registers[slot] >>> 0
  }

  page(index: number): Uint8Array | undefined {
    return this.port.memory.pages[index]?.bytes
  }
}

/** Puts bytes into memory. */
export function putBytes(memory: Memory, address: number, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length;) {
    const at = address + i
    const offset = at & (PAGE_BYTES - 1)
    const count = Math.min(PAGE_BYTES - offset, bytes.length - i)
    pageOf(memory, at).bytes.set(bytes.subarray(i, i + count), offset)
    i += count
  }
}

/** The one point where an audited call takes effect. The bytes of a page that is written whole become the page. */
export function commit(port: PortGuest['port'], call: AuditedCall): void {
  for (const [slot, value] of call.registersWritten) port.registers[slot] = value
  for (const { index, bytes, written } of call.pages) {
    const base = index << PAGE_BITS
    const page = pageOf(port.memory, base)
    // A view of words starts at a multiple of 4 of its buffer.
    if (written[0]?.length === PAGE_BYTES && bytes.byteOffset % 4 === 0 && !port.memory.placed) {
      page.bytes = bytes
      page.words = new Int32Array(bytes.buffer, bytes.byteOffset, PAGE_WORDS)
    } else
      for (const { address, length } of written)
        page.bytes.set(bytes.subarray(address - base, address - base + length), address - base)
  }
}
