import { keyedBlake3 } from '@vouch/hash'
import type { HashEach, KeyedHash } from '@vouch/hash'
import type { QM31 } from './field/qm31.ts'
import { blake3Each } from './kernels/hash-each.ts'

/** The field that challenges are drawn from, as an extension of M31. */
export interface ChallengeField<E> {
  readonly name: string
  /** Limbs over M31. */
  readonly degree: number
  /** The element whose limbs start at `offset`. */
  readonly fromLimbs: (limbs: ArrayLike<number>, offset: number) => E
  readonly toLimbs: (element: E) => readonly number[]
}

/** What a wrap into another proof system would exchange: the challenge field, and the hash of transcript and trees. */
export interface Suite<E = QM31> {
  readonly name: string
  readonly field: ChallengeField<E>
  readonly hash: KeyedHash
  /** `hash` of many messages at once: a verifier's leaves and nodes. */
  readonly hashEach: HashEach
}

/** The one suite of today. Kernels hash and fold for it alone. */
export const QM31_BLAKE3: Suite = {
  name: 'qm31-blake3',
  field: {
    name: 'qm31',
    degree: 4,
    fromLimbs: (w, o) => [w[o], w[o + 1], w[o + 2], w[o + 3]],
    toLimbs: (e) => e,
  },
  hash: keyedBlake3,
  hashEach: blake3Each,
}
