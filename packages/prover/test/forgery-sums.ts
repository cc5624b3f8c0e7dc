import * as Q from '../../stark/src/field/qm31.ts'
import type { QM31 } from '../../stark/src/field/qm31.ts'
import { eq, one } from '../../stark/src/gkr/sumcheck.ts'
import type { Fraction } from '../../stark/src/gkr/sumcheck.ts'
import type { Suite } from '../../stark/src/suite.ts'
import { ProverTranscript } from '../../stark/src/transcript.ts'

/**
 * The transcript of a prover whose sumchecks are honest but for a lie about the numerator of the first tree's sum. Of a
 * lie x about a sum over 0 and 1, the coefficient that the verifier works out itself takes all: the round's polynomial is
 * off by x·X. With `carry`, the values at the end of a layer hide what is left of it in one numerator.
 */
export class CarryingTranscript extends ProverTranscript {
  /** What is sent in the place of the sums. */
  sums: readonly Fraction[] | undefined
  /** How far the verifier's claim is from the truth. */
  lie: QM31 = Q.ZERO
  readonly #carry: boolean
  #low: readonly QM31[] = []
  #top: QM31 = Q.ZERO
  #layer = 0
  #challenges: QM31[] = []
  #factor: QM31 = Q.ONE

  constructor(suite: Suite, carry: boolean) {
    super(suite)
    this.#carry = carry
  }

  override sendExtensions(label: string, elements: readonly QM31[]): void {
    let sent = elements
    if (label === 'fraction sums' && this.sums !== undefined) {
      sent = this.sums.flatMap(({ numerator, denominator }) => [numerator, denominator])
      this.lie = Q.sub(sent[0], elements[0])
    }
    if (label === 'gkr values' && this.#carry) {
      // The check is that factor·(n0·d1 + …) is the claim.
      const [n0, , , d1] = elements
      this.lie = Q.mul(this.lie, Q.inv(Q.mul(this.#factor, d1)))
      sent = elements.with(0, Q.add(n0, this.lie))
    }
    super.sendExtensions(label, sent)
  }

  override drawExtension(label: string): QM31 {
    const drawn = super.drawExtension(label)
    if (label === 'gkr lambda') {
      this.#challenges = []
      this.#factor = Q.ONE
    }
    if (label === 'gkr challenge') {
      const bit = this.#layer - 1 - this.#challenges.length
      this.#challenges.unshift(drawn)
      this.#factor = Q.mul(this.#factor, eq(bit === this.#layer - 1 ? this.#top : this.#low[bit], drawn))
      this.lie = Q.mul(this.lie, drawn)
    }
    if (label === 'gkr half') {
      // The lie is in the lower half.
      this.lie = Q.mul(this.lie, one(drawn))
      this.#low = this.#challenges
      this.#top = drawn
      this.#layer++
    }
    return drawn
  }
}
