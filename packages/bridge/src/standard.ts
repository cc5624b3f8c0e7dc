import { JOURNAL_CURSOR, PUBLIC_CURSOR } from '@vouch/engine'
import type { EcallContext, EcallOutcome, Host } from '@vouch/engine'

/** Most bytes of an input or the journal. A trace keeps a record a word copied, so this bounds its memory. */
export const MAX_STREAM_BYTES = 2 ** 24
/** Bytes of one console write that are shown. */
const MAX_CONSOLE_BYTES = 2 ** 20

export interface StandardOptions {
  /** Descriptor 0. */
  readonly privateInput?: Uint8Array
  /** Descriptor 4. */
  readonly publicInput?: Uint8Array
  /** Descriptors 1 and 2. Nothing of it is proved. */
  readonly onConsole?: (descriptor: 1 | 2, bytes: Uint8Array) => void
}

/** A host with what its services have done so far. */
export interface StandardHost extends Host {
  /** A copy of descriptor 3. */
  journal(): Uint8Array
  readonly privateConsumed: number
  readonly publicConsumed: number
}

const READ = 63
const WRITE = 64
const EXIT = 93
const EXIT_GROUP = 94
/** The zkVM standards draft: a7 = 0 halts with a0. */
const HALT = 0

const UNSUPPORTED: EcallOutcome = { kind: 'trap', cause: 'unsupported-syscall' }
const FAULT: EcallOutcome = { kind: 'trap', cause: 'syscall-fault' }
const FULL: EcallOutcome = { kind: 'trap', cause: 'journal-full' }

/** exit, read and write over the four streams. Any other call is refused: the run traps. */
export function standardHost(options: StandardOptions = {}): StandardHost {
  const empty = new Uint8Array(0)
  const inputs = {
    private: { bytes: options.privateInput ?? empty, at: 0 },
    public: { bytes: options.publicInput ?? empty, at: 0 },
  }
  for (const { bytes } of Object.values(inputs))
    if (bytes.length > MAX_STREAM_BYTES)
      throw new RangeError(`an input has at most ${MAX_STREAM_BYTES} bytes`)
  const journal: Uint8Array[] = []
  let journalLength = 0

  const read = (c: EcallContext, input: { bytes: Uint8Array; at: number }): EcallOutcome => {
    const count = Math.min(c.a2, input.bytes.length - input.at)
    if (count > 0 && !c.inRam(c.a1, count)) return FAULT
    c.writeBytes(c.a1, input.bytes.subarray(input.at, input.at + count))
    input.at += count
    return { kind: 'result', value: count }
  }

  return {
    get privateConsumed() {
      return inputs.private.at
    },
    get publicConsumed() {
      return inputs.public.at
    },
    journal() {
      const all = new Uint8Array(journalLength)
      let at = 0
      for (const part of journal) {
        all.set(part, at)
        at += part.length
      }
      return all
    },
    ecall(c) {
      const { number, a0: descriptor, a1: address, a2: length } = c
      if (number === EXIT || number === EXIT_GROUP || number === HALT)
        return { kind: 'exit', code: descriptor }
      if (number === READ && descriptor === 0) return read(c, inputs.private)
      if (number === READ && descriptor === 4) {
        const outcome = read(c, inputs.public)
        if (outcome.kind === 'result') c.advance(PUBLIC_CURSOR, outcome.value)
        return outcome
      }
      if (number === WRITE && (descriptor === 1 || descriptor === 2)) {
        const shown = Math.min(length, MAX_CONSOLE_BYTES, Math.max(0, 2 ** 30 - address))
        options.onConsole?.(descriptor, c.peekBytes(address, shown))
        return { kind: 'result', value: length }
      }
      if (number === WRITE && descriptor === 3) {
        if (length > 0 && !c.inRam(address, length)) return FAULT
        if (journalLength + length > MAX_STREAM_BYTES) return FULL
        journal.push(c.readBytes(address, length))
        journalLength += length
        c.advance(JOURNAL_CURSOR, length)
        return { kind: 'result', value: length }
      }
      return UNSUPPORTED
    },
  }
}
