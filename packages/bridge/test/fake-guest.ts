import type { EcallOutcome, Guest } from '@vouch/engine'

const PAGE = 4096

/** A guest without a processor: registers and pages that outcomes are applied to as the engine does. */
export class FakeGuest implements Guest {
  clk = 0
  pc = 0x10000
  readonly registers = new Uint32Array(36)
  readonly pages = new Map<number, Uint8Array>()

  reg(slot: number): number {
    return this.registers[slot]
  }

  page(index: number): Uint8Array | undefined {
    return this.pages.get(index)
  }

  set(address: number, bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length;) {
      const index = Math.floor((address + i) / PAGE)
      const offset = (address + i) % PAGE
      let page = this.pages.get(index)
      if (page === undefined) this.pages.set(index, (page = new Uint8Array(PAGE)))
      const part = bytes.subarray(i, i + PAGE - offset)
      page.set(part, offset)
      i += part.length
    }
  }

  get(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length;) {
      const offset = (address + i) % PAGE
      const count = Math.min(length - i, PAGE - offset)
      const page = this.pages.get(Math.floor((address + i) / PAGE))
      if (page !== undefined) bytes.set(page.subarray(offset, offset + count), i)
      i += count
    }
    return bytes
  }

  words(address: number, count: number): number[] {
    const view = new DataView(this.get(address, 4 * count).buffer)
    return Array.from({ length: count }, (_, i) => view.getUint32(4 * i, true))
  }

  setWords(address: number, ...words: readonly number[]): void {
    const bytes = new Uint8Array(4 * words.length)
    const view = new DataView(bytes.buffer)
    words.forEach((word, i) => view.setUint32(4 * i, word, true))
    this.set(address, bytes)
  }

  /** Puts a call into the registers. */
  call(number: number, args: readonly number[]): this {
    this.clk++
    this.registers[17] = number
    for (let i = 0; i < 6; i++) this.registers[10 + i] = args[i] ?? 0
    return this
  }

  apply(outcome: EcallOutcome): void {
    if (outcome.kind === 'direct') {
      const { result, cursor, copy } = outcome
      if (copy?.write === true) this.set(copy.address, copy.bytes)
      if (cursor !== undefined) this.registers[cursor] += result
      this.registers[10] = result
      this.pc += 4
    } else if (outcome.kind === 'audited') {
      for (const [slot, value] of outcome.registersWritten) this.registers[slot] = value
      for (const { index, bytes, written } of outcome.pages)
        for (const { address, length } of written)
          this.set(address, bytes.subarray(address - index * PAGE, address - index * PAGE + length))
      this.pc = outcome.nextPc
    }
  }
}
