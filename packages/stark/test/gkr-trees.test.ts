import { describe, expect, it } from 'vitest'
import type { Chip } from '../src/air/chip.ts'
import { Rejection } from '../src/failure.ts'
import * as Q from '../src/field/qm31.ts'
import type { QM31 } from '../src/field/qm31.ts'
import { fractionForest } from '../src/gkr/forest.ts'
import type { FractionTree } from '../src/gkr/forest.ts'
import { fractionLayers, gkrProve, rootFraction } from '../src/gkr/gkr-prove.ts'
import type { Leaves } from '../src/gkr/gkr-prove.ts'
import { gkrVerify, receiveRoots } from '../src/gkr/gkr-verify.ts'
import type { Fraction, LeafPoint } from '../src/gkr/sumcheck.ts'
import { createKernels } from '../src/kernels/create.ts'
import { VanishingDenominator } from '../src/kernels/kernels.ts'
import { pacer } from '../src/progress.ts'
import { QM31_BLAKE3 } from '../src/suite.ts'
import { ProverTranscript, VerifierTranscript } from '../src/transcript.ts'
import { randomNumbers } from './air-random.ts'
import { exchanging, otherDenominators, otherNumerators, whileSending } from './helpers/sending.ts'
import type { Change, EndValues } from './helpers/sending.ts'

const kernels = await createKernels({ kind: 'reference' })

const forestOf = (...shape: readonly (readonly [messages: number, log: number])[]): FractionTree[] =>
  fractionForest(
    shape.map(([messages, log]) => ({
      chip: { messages: Array.from({ length: messages }, () => ({})) } as unknown as Chip<never>,
      log,
    })),
  )

/** One tree; two of one depth; two, three and four of different depths; the smallest tree of all. */
const FORESTS = [
  forestOf([1, 1]),
  forestOf([1, 3]),
  forestOf([2, 4], [1, 3], [1, 2]),
  forestOf([2, 4], [1, 4]),
  forestOf([13, 2]),
  forestOf([43, 1]),
]

const randomLeaves = (forest: readonly FractionTree[], seed: number): Fraction[][] => {
  const random = randomNumbers(seed)
  return forest.map(({ log, blocks }) => {
    const used = blocks.reduce((sum, b) => sum + 2 ** b.log, 0)
    return Array.from({ length: 2 ** log }, (_, i) =>
      i < used
        ? { numerator: Q.fromBase(random.element()), denominator: random.extension() }
        : { numerator: Q.ZERO, denominator: Q.ONE },
    )
  })
}

const put = (leaves: readonly Fraction[]): Leaves => {
  const size = leaves.length
  const [numerators, denominators] = [kernels.alloc(size), kernels.alloc(4 * size)]
  kernels.words(numerators, size).set(leaves.map((l) => l.numerator[0]))
  kernels.words(denominators, 4 * size).set([0, 1, 2, 3].flatMap((k) => leaves.map((l) => l.denominator[k])))
  return { log: Math.log2(size), numerators, denominators }
}

async function proofOf(
  forest: readonly FractionTree[],
  leaves: readonly (readonly Fraction[])[],
  change: Change = (_, __, elements) => elements,
  keepLog?: number,
): Promise<{ proof: Uint8Array; point: LeafPoint; roots: Fraction[] }> {
  const mark = kernels.mark()
  const trees = fractionLayers(kernels, leaves.map(put), keepLog)
  const roots = trees.layers.map((own) => rootFraction(kernels, own))
  const transcript = new ProverTranscript(QM31_BLAKE3)
  const prove = (): Promise<LeafPoint> =>
    gkrProve(kernels, transcript, forest, trees, pacer(undefined, undefined))
  const point = await whileSending(change, prove)
  kernels.release(mark)
  return { proof: transcript.proof(), point, roots }
}

function check(
  forest: readonly FractionTree[],
  proof: Uint8Array,
): ReturnType<typeof gkrVerify> & { roots: Fraction[] } {
  const transcript = new VerifierTranscript(QM31_BLAKE3, proof)
  const roots = receiveRoots(transcript, forest)
  const reduced = gkrVerify(transcript, forest, roots)
  transcript.end()
  return { ...reduced, roots }
}

/** The layer at which a proof is refused, with both sides of the check; undefined when none refuses it. */
function refusedAt(forest: readonly FractionTree[], proof: Uint8Array): Rejection['failure'] | undefined {
  try {
    check(forest, proof)
    return undefined
  } catch (error) {
    if (error instanceof Rejection) return error.failure
    throw error
  }
}

/** The multilinear extensions of a tree's leaves where the verifier wants them. */
const extensionAt = (leaves: readonly Fraction[], { low, top }: LeafPoint): Fraction => {
  const point = [...low.slice(0, Math.log2(leaves.length) - 1), top]
  const at = (values: readonly QM31[]): QM31 =>
    point.reduce<readonly QM31[]>(
      (v, p) =>
        Array.from({ length: v.length / 2 }, (_, i) =>
          Q.add(v[2 * i], Q.mul(p, Q.sub(v[2 * i + 1], v[2 * i]))),
        ),
      values,
    )[0]
  return { numerator: at(leaves.map((l) => l.numerator)), denominator: at(leaves.map((l) => l.denominator)) }
}

const bumped = (elements: readonly QM31[], i: number): QM31[] => elements.with(i, Q.add(elements[i], Q.ONE))

describe.each(FORESTS.map((forest) => [forest.map((t) => t.log).join(', '), forest] as const))(
  'trees of depth %s',
  (_, forest) => {
    const leaves = randomLeaves(forest, 31)

    it('reduce the sums of all leaves to their extensions at one point', async () => {
      for (const seed of [1, 2]) {
        const own = randomLeaves(forest, seed)
        const { proof, point, roots } = await proofOf(forest, own)
        const verified = check(forest, proof)
        expect(verified.roots).toEqual(roots)
        roots.forEach(({ numerator, denominator }, t) => {
          const sum = own[t].reduce<QM31>(
            (s, l) => Q.add(s, Q.mul(l.numerator, Q.inv(l.denominator))),
            Q.ZERO,
          )
          expect(Q.mul(numerator, Q.inv(denominator))).toEqual(sum)
        })
        expect(verified.point).toEqual(point)
        expect(point.low).toHaveLength(forest[0].log - 1)
        expect(verified.claims).toEqual(own.map((l) => extensionAt(l, point)))
      }
    })

    it('gkr/layer: every element of every message counts', async () => {
      const sent = new Map<string, number>()
      await proofOf(forest, leaves, (label, count, elements) => {
        sent.set(`${label} ${count}`, elements.length)
        return elements
      })
      // A sumcheck of three elements a round; four values a tree and layer; two a root.
      const depth = forest[0].log
      const rounds = (depth * (depth - 1)) / 2
      const values = forest.reduce((sum, { log }) => sum + 4 * log, 0)
      const all = [...sent].reduce((sum, [, n]) => sum + n, 0)
      expect(all).toBe(2 * forest.length + 3 * rounds + values)
      for (const [name, length] of sent)
        for (let i = 0; i < length; i++) {
          const { proof } = await proofOf(forest, leaves, (label, count, elements) =>
            `${label} ${count}` === name ? bumped(elements, i) : elements,
          )
          expect(refusedAt(forest, proof)?.code, `${name}, element ${i}`).toBe('gkr/layer')
        }
    })

    it('a lie about a root can be carried down to the leaves, and is one there', async () => {
      // In each layer one value of the lying tree is set to what the verifier's check asks for.
      const depth = forest[0].log
      for (const liar of forest.keys()) {
        const joins = depth - forest[liar].log
        const lies: QM31[] = []
        const { length: before } = forest.slice(0, liar)
        const change =
          (trial?: QM31): Change =>
          (label, count, elements) => {
            if (label === 'fraction sums') return bumped(elements, 2 * liar)
            if (label !== 'gkr values' || count < joins) return elements
            const lie = lies[count - joins] ?? (count - joins === lies.length ? trial : undefined) ?? Q.ZERO
            return elements.with(4 * before, Q.add(elements[4 * before], lie))
          }
        const off = async (trial: QM31, layer: number): Promise<QM31> => {
          const { proof } = await proofOf(forest, leaves, change(trial))
          const failure = refusedAt(forest, proof)
          if (failure?.at !== `layer ${layer}`) return Q.ZERO
          const [expected, got] = [failure.expected, failure.got].map((side) =>
            `${side}`.split(' ').map(Number),
          )
          return Q.sub(expected as unknown as QM31, got as unknown as QM31)
        }
        for (let layer = joins; layer < depth; layer++) {
          // The check is linear in the value.
          const [zero, one] = [await off(Q.ZERO, layer), await off(Q.ONE, layer)]
          lies.push(Q.mul(zero, Q.inv(Q.sub(zero, one))))
        }
        const { proof } = await proofOf(forest, leaves, change())
        expect(refusedAt(forest, proof)).toBeUndefined()
        const { claims, point } = check(forest, proof)
        const truth = leaves.map((l) => extensionAt(l, point))
        expect(claims[liar], `tree ${liar}`).not.toEqual(truth[liar])
      }
    })

    it('values of the last layer that keep its sums but are not the leaves’', async () => {
      const last = forest[0].log - 1
      const cheat = (exchange: (own: EndValues) => EndValues): Promise<{ proof: Uint8Array }> =>
        proofOf(forest, leaves, exchanging(last, 0, exchange))
      const numerators = await cheat(otherNumerators)
      const denominators = await cheat(otherDenominators).catch(() => undefined)
      // A half of leaves that are not there has no numerators to do that with.
      const [{ log, blocks }] = forest
      expect(denominators === undefined).toBe(blocks.every((b) => b.offset + 2 ** b.log <= 2 ** (log - 1)))
      for (const [part, other, cheated] of [
        ['numerator', 'denominator', numerators],
        ['denominator', 'numerator', denominators],
      ] as const) {
        if (cheated === undefined) continue
        const { claims, point } = check(forest, cheated.proof)
        const truth = extensionAt(leaves[0], point)
        expect(claims[0][part]).not.toEqual(truth[part])
        expect(claims[0][other]).toEqual(truth[other])
      }
    })
  },
)

describe('fraction trees', () => {
  it('give the same proof when the layer above the leaves is made twice', async () => {
    for (const forest of FORESTS) {
      const own = randomLeaves(forest, 8)
      const { proof } = await proofOf(forest, own)
      expect((await proofOf(forest, own, undefined, 0)).proof).toEqual(proof)
    }
  })

  it('of one proof under other depths are refused', async () => {
    const [, , three] = FORESTS
    const { proof } = await proofOf(three, randomLeaves(three, 5))
    for (const forest of FORESTS)
      if (forest !== three) {
        const failure = refusedAt(forest, proof)
        expect(failure?.code).toMatch(/gkr\/layer|proof\//)
      }
  })

  it('have a power of lambda for every claim: no two lies cancel', async () => {
    const forest = forestOf([2, 4], [1, 4])
    expect(forest.map((t) => t.log)).toEqual([5, 5])
    const leaves = randomLeaves(forest, 8)
    // n₀, d₀, n₁, d₁
    for (let i = 0; i < 4; i++)
      for (let j = 0; j < 4; j++) {
        if (i === j) continue
        const { proof } = await proofOf(forest, leaves, (label, _, elements) =>
          label === 'fraction sums'
            ? elements.with(i, Q.add(elements[i], Q.ONE)).with(j, Q.sub(elements[j], Q.ONE))
            : elements,
        )
        expect(refusedAt(forest, proof), `${i} and ${j}`).toMatchObject({ code: 'gkr/layer', at: 'layer 0' })
      }
  })

  it('bind each message before the next challenge', async () => {
    const [, forest] = FORESTS
    const steps: string[] = []
    class Listening extends VerifierTranscript {
      protected override step(kind: number, label: string, data: Uint8Array): void {
        steps.push(`${kind === 2 ? '<' : '>'} ${label}`)
        super.step(kind, label, data)
      }
    }
    const { proof } = await proofOf(forest, randomLeaves(forest, 6))
    const transcript = new Listening(QM31_BLAKE3, proof)
    gkrVerify(transcript, forest, receiveRoots(transcript, forest))
    const round = ['< gkr round', '> gkr challenge']
    const layer = (rounds: number): string[] => [
      '> gkr lambda',
      ...Array.from({ length: rounds }, () => round).flat(),
      '< gkr values',
      '> gkr half',
    ]
    expect(steps).toEqual(['< fraction sums', ...layer(0), ...layer(1), ...layer(2), ...layer(3)])
  })

  it('whose leaf has the denominator 0 have no root', async () => {
    const [, forest] = FORESTS
    const [own] = randomLeaves(forest, 7)
    own[5] = { ...own[5], denominator: Q.ZERO }
    await expect(proofOf(forest, [own])).rejects.toThrow(VanishingDenominator)
  })
})
