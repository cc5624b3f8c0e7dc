import { HALT, IO, JOURNAL_STREAM, MEM, PRESENT, PUBLIC_STREAM, REGISTER_SPACE, STATE } from './buses.ts'
import { listCallTerms } from './audit-terms.ts'
import type { LoggedCall, StreamSpan } from './audit-terms.ts'
import { EBREAK, EXIT } from './halt.ts'
import { m31, qm31 } from '@vouch/stark'
import type { Bus, QM31 } from '@vouch/stark'
import type { Statement } from './statement.ts'

/** A tuple that the verifier sends (multiplicity 1) or receives (multiplicity -1) on a bus. */
export interface PublicTerm {
  readonly bus: Bus
  readonly multiplicity: 1 | -1
  readonly tuple: readonly number[]
}

/** x2 */
const SP = 2

/** The verifier's side of every bus: how the run starts and ends, its public bytes, and the calls of its log. */
export function listPublicTerms(
  s: Statement,
  image: { readonly entry: number; readonly sp: number },
  calls: readonly LoggedCall[] = [],
): PublicTerm[] {
  const terms = listEnds(s, image)
  for (const { start, length } of copied(s.publicConsumed, calls, 'publicInput'))
    for (let i = start; i < start + length; i++)
      terms.push({ bus: IO, multiplicity: 1, tuple: [PUBLIC_STREAM, i, s.publicInput[i]] })
  for (const { start, length } of copied(s.journal.length, calls, 'journal'))
    for (let i = start; i < start + length; i++)
      terms.push({ bus: IO, multiplicity: -1, tuple: [JOURNAL_STREAM, i, s.journal[i]] })
  for (const term of listCallTerms(calls)) terms.push(term)
  return terms
}

/** How many terms `listPublicTerms` has. */
export function publicTermCount(s: Statement, calls: readonly LoggedCall[] = []): number {
  let count = listEnds(s, { entry: 0, sp: 0 }).length
  for (const { length } of copied(s.publicConsumed, calls, 'publicInput')) count += length
  for (const { length } of copied(s.journal.length, calls, 'journal')) count += length
  const terms = listCallTerms(calls)
  while (terms.next().done !== true) count++
  return count
}

/**
 * The parts of a stream's first `end` bytes that the copy chip moves: all but those of audited calls. The spans of
 * `calls` ascend and lie in [0, end): the cursors, which the log's effects bind, see to that for a log that balances.
 */
function copied(end: number, calls: readonly LoggedCall[], stream: 'publicInput' | 'journal'): StreamSpan[] {
  const parts: StreamSpan[] = []
  let at = 0
  for (const call of calls) {
    const span = call.kind === 'audited' ? call[stream] : undefined
    if (span === undefined) continue
    if (span.start > at) parts.push({ start: at, length: Math.min(span.start, end) - at })
    at = Math.max(at, span.start + span.length)
  }
  if (at < end) parts.push({ start: at, length: end - at })
  return parts.filter(({ length }) => length > 0)
}

function listEnds(s: Statement, image: { readonly entry: number; readonly sp: number }): PublicTerm[] {
  const kind = s.halt === 'exit' ? EXIT : EBREAK
  return [
    { bus: STATE, multiplicity: 1, tuple: [image.entry, 1] },
    {
      bus: HALT,
      multiplicity: -1,
      tuple: [s.cycles, kind, s.exitCode & 0xffff, s.exitCode >>> 16, s.publicConsumed, s.journal.length],
    },
    { bus: MEM, multiplicity: -1, tuple: [REGISTER_SPACE, SP, 0, 0, 0] },
    { bus: MEM, multiplicity: 1, tuple: [REGISTER_SPACE, SP, image.sp & 0xffff, image.sp >>> 16, 0] },
    { bus: PRESENT, multiplicity: -1, tuple: [1] },
  ]
}

/**
 * Σ multiplicity / (z − Σ_j alpha^j·t_j) over `listPublicTerms`, t_0 = bus id. Undefined when a denominator is zero:
 * the challenge hit a tuple, and the verifier refuses.
 */
export function publicTerms(
  s: Statement,
  image: { readonly entry: number; readonly sp: number },
  z: QM31,
  alpha: QM31,
  calls: readonly LoggedCall[] = [],
): QM31 | undefined {
  const powers: QM31[] = [qm31.ONE]
  while (powers.length < 8) powers.push(qm31.mul(powers[powers.length - 1], alpha))
  const sum = inverseSum()
  const add = ({ bus, multiplicity, tuple }: PublicTerm): void => {
    let denominator = qm31.sub(z, qm31.fromBase(bus.id))
    for (let j = 0; j < tuple.length; j++)
      denominator = qm31.sub(denominator, qm31.mulBase(powers[j + 1], m31.fromInteger(tuple[j])))
    sum.add(denominator, multiplicity)
  }
  for (const term of listEnds(s, image)) add(term)
  for (const term of listCallTerms(calls)) add(term)
  // Bytes by the million: only the byte and the position change from one to the next.
  const byteTimes = Array.from({ length: 256 }, (_, byte) => qm31.mulBase(powers[3], byte))
  const addBytes = (stream: number, all: Uint8Array, { start, length }: StreamSpan, sign: 1 | -1): void => {
    let d = qm31.sub(qm31.sub(z, qm31.fromBase(IO.id)), qm31.mulBase(powers[1], stream))
    d = qm31.sub(d, qm31.mulBase(powers[2], start))
    for (const byte of all.subarray(start, start + length)) {
      sum.add(qm31.sub(d, byteTimes[byte]), sign)
      d = qm31.sub(d, powers[2])
    }
  }
  for (const part of copied(s.publicConsumed, calls, 'publicInput'))
    addBytes(PUBLIC_STREAM, s.publicInput, part, 1)
  for (const part of copied(s.journal.length, calls, 'journal')) addBytes(JOURNAL_STREAM, s.journal, part, -1)
  return sum.total()
}

/** Terms that share one inversion: the memory of a sum does not grow with its length. */
const BATCH = 1024

/** Σ sign / denominator, a batch at a time by Montgomery's trick; the total is undefined when a denominator is zero. */
function inverseSum(): { add(denominator: QM31, sign: 1 | -1): void; total(): QM31 | undefined } {
  const denominators: QM31[] = []
  const signs: (1 | -1)[] = []
  const prefix: QM31[] = []
  let product = qm31.ONE
  let total = qm31.ZERO
  let vanished = false
  const flush = (): void => {
    if (qm31.isZero(product)) vanished = true
    else {
      let inverse = qm31.inv(product)
      for (let i = denominators.length - 1; i >= 0; i--) {
        const fraction = qm31.mul(inverse, prefix[i])
        inverse = qm31.mul(inverse, denominators[i])
        total = signs[i] === 1 ? qm31.add(total, fraction) : qm31.sub(total, fraction)
      }
    }
    denominators.length = signs.length = prefix.length = 0
    product = qm31.ONE
  }
  return {
    add(denominator, sign) {
      prefix.push(product)
      denominators.push(denominator)
      signs.push(sign)
      product = qm31.mul(product, denominator)
      if (denominators.length === BATCH) flush()
    },
    total() {
      flush()
      return vanished ? undefined : total
    },
  }
}
