import { Reader, Writer, bytesOfInteger, bytesOfWords, putInteger, wordsOfBytes } from './codec.ts'
import { Rejection } from './failure.ts'
import { P } from './field/m31.ts'
import type { QM31 } from './field/qm31.ts'
import { GRIND_KEY } from './kernels/kernels.ts'
import { keyOf } from '@vouch/hash'
import type { Suite } from './suite.ts'

const ABSORB = keyOf('vouch transcript absorb v1')
const DRAW = keyOf('vouch transcript draw v1')
const GRIND = keyOf(GRIND_KEY)

const labels = new Map<string, Uint8Array>()
/** A label's characters; there are few, and each is used many times. */
function ascii(label: string): Uint8Array {
  let bytes = labels.get(label)
  if (bytes === undefined) {
    bytes = Uint8Array.from(label, (c) => c.charCodeAt(0))
    labels.set(label, bytes)
  }
  return bytes
}

/** Each kind of step has its own number, so that no two sequences of steps hash the same bytes. */
const STEP = { statement: 1, message: 2, draw: 3, grind: 4, nonce: 5 } as const

/**
 * Fiat-Shamir over a keyed hash: state ← H(state ‖ step ‖ |label| ‖ label ‖ |data| ‖ data). The encoding is
 * injective: two different histories never hash equal bytes. Challenges are H(state ‖ counter) under a key of their
 * own, and a draw is a step, so drawing twice gives fresh values.
 */
export class Transcript {
  readonly suite: Suite
  #state: Uint8Array = new Uint8Array(32)

  constructor(suite: Suite) {
    this.suite = suite
  }

  /** What both sides know without the proof. */
  absorbStatement(label: string, data: Uint8Array): void {
    this.step(STEP.statement, label, data)
  }

  drawExtension(label: string): QM31 {
    return this.drawExtensions(label, 1)[0]
  }

  /** `count` independent uniform elements of the challenge field. */
  drawExtensions(label: string, count: number): QM31[] {
    const { degree, fromLimbs } = this.suite.field
    const limbs = new Uint32Array(count * degree)
    let at = 0
    const words = this.#stream(label, count, limbs.length)
    // Of 31 random bits only P is no element; drop it and take the next word.
    while (at < limbs.length) {
      const candidate = words() & P
      if (candidate !== P) limbs[at++] = candidate
    }
    return Array.from({ length: count }, (_, i) => fromLimbs(limbs, i * degree))
  }

  /** `count` uniform integers below 2^bits, 1 <= bits <= 31, from raw hash bits. They may repeat. */
  drawPositions(label: string, count: number, bits: number): Uint32Array {
    const words = this.#stream(label, count, count)
    return Uint32Array.from({ length: count }, () => words() >>> (32 - bits))
  }

  /** The digest of everything so far, as words. */
  seed(): Uint32Array {
    return wordsOfBytes(this.#state)
  }

  protected step(kind: number, label: string, data: Uint8Array): void {
    const name = ascii(label)
    const message = new Uint8Array(32 + 1 + 8 + name.length + 8 + data.length)
    message.set(this.#state, 0)
    message[32] = kind
    putInteger(message, 33, name.length)
    message.set(name, 41)
    putInteger(message, 41 + name.length, data.length)
    message.set(data, 49 + name.length)
    this.#state = this.suite.hash(ABSORB, message)
  }

  /** Random words without end; of those after `expected` every eight cost a call of the hash. */
  #stream(label: string, count: number, expected: number): () => number {
    this.step(STEP.draw, label, bytesOfInteger(count))
    let counter = 0
    const draw = (blocks: number): Uint32Array => {
      const messages = new Uint8Array(40 * blocks)
      for (let i = 0; i < blocks; i++) {
        messages.set(this.#state, 40 * i)
        putInteger(messages, 40 * i + 32, counter++)
      }
      return wordsOfBytes(this.suite.hashEach(DRAW, messages, 40))
    }
    let words = draw(Math.ceil(expected / 8))
    let at = 0
    return () => {
      if (at === words.length) {
        words = draw(1)
        at = 0
      }
      return words[at++]
    }
  }
}

/** Whether the work was done: the low `bits` (0..32) of the first word of H(seed ‖ nonce) are zero. */
export function isGround(suite: Suite, seed: Uint32Array, bits: number, nonce: number): boolean {
  const message = new Uint8Array(40)
  message.set(bytesOfWords(seed))
  message.set(bytesOfInteger(nonce), 32)
  const word = wordsOfBytes(suite.hash(GRIND, message).subarray(0, 4))[0]
  return word % 2 ** bits === 0
}

/** The prover's side: what it sends is absorbed and becomes the proof, in one motion. */
export class ProverTranscript extends Transcript {
  readonly #proof = new Writer()

  sendBytes(label: string, data: Uint8Array): void {
    this.#proof.push(data)
    this.step(STEP.message, label, data)
  }

  sendElements(label: string, elements: ArrayLike<number>): void {
    this.sendBytes(label, bytesOfWords(elements))
  }

  sendExtensions(label: string, elements: readonly QM31[]): void {
    this.sendElements(label, elements.flatMap(this.suite.field.toLimbs))
  }

  /** Work of `bits` bits; `search` finds a nonce below 2^53. Nothing is sent for 0 bits. */
  async grind(
    label: string,
    bits: number,
    search: (seed: Uint32Array, bits: number) => Promise<number>,
  ): Promise<void> {
    if (bits === 0) return
    this.step(STEP.grind, label, bytesOfInteger(bits))
    const nonce = bytesOfInteger(await search(this.seed(), bits))
    this.#proof.push(nonce)
    this.step(STEP.nonce, label, nonce)
  }

  /** Bytes that a root already binds: written, not absorbed. */
  writeOpening(data: Uint8Array): void {
    this.#proof.push(data)
  }

  proof(): Uint8Array {
    return this.#proof.bytes()
  }
}

/** The verifier's side: there is no way to see a message of the proof but to absorb it. All reads reject. */
export class VerifierTranscript extends Transcript {
  readonly #reader: Reader

  constructor(suite: Suite, proof: Uint8Array) {
    super(suite)
    this.#reader = new Reader(proof)
  }

  receiveBytes(label: string, length: number): Uint8Array {
    const data = this.#reader.take(length)
    this.step(STEP.message, label, data)
    return data
  }

  receiveElements(label: string, count: number): Uint32Array {
    const elements = this.#reader.elements(count)
    this.step(STEP.message, label, bytesOfWords(elements))
    return elements
  }

  receiveExtensions(label: string, count: number): QM31[] {
    const { degree, fromLimbs } = this.suite.field
    const limbs = this.receiveElements(label, count * degree)
    return Array.from({ length: count }, (_, i) => fromLimbs(limbs, i * degree))
  }

  /** Rejects 'grind/nonce' unless the nonce sent shows `bits` bits of work. */
  grind(label: string, bits: number): void {
    if (bits === 0) return
    this.step(STEP.grind, label, bytesOfInteger(bits))
    const seed = this.seed()
    const nonce = this.#reader.integer()
    if (!isGround(this.suite, seed, bits, nonce))
      throw new Rejection('grind/nonce', label, `${bits} bits of work`, nonce)
    this.step(STEP.nonce, label, bytesOfInteger(nonce))
  }

  /** Elements that a root binds; the caller checks them against it. */
  readElements(count: number): Uint32Array {
    return this.#reader.elements(count)
  }

  /** Digests of 8 words that a root binds; the caller checks them against it. */
  readDigests(count: number): Uint32Array {
    return wordsOfBytes(this.#reader.take(32 * count))
  }

  /** Rejects 'proof/trailing-bytes' unless the whole proof was read. */
  end(): void {
    this.#reader.end()
  }
}
