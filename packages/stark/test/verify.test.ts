import { describe, expect, it, vi } from 'vitest'
import type { Air } from '../src/air/chip.ts'
import { without } from '../src/air/chip.ts'
import { bytesOfWords } from '../src/codec.ts'
import { FAILURE_CODES, Misuse } from '../src/failure.ts'
import type { FailureCode } from '../src/failure.ts'
import * as M from '../src/field/m31.ts'
import * as Q from '../src/field/qm31.ts'
import { claimedColumns } from '../src/gkr/leaf-claims.ts'
import { absorbHeader } from '../src/header.ts'
import type { Kernels } from '../src/kernels/kernels.ts'
import { layoutOf } from '../src/layout.ts'
import type { Layout, StarkStatement } from '../src/layout.ts'
import { prove } from '../src/prove.ts'
import type { ProveOptions } from '../src/prove.ts'
import { Transcript, isGround } from '../src/transcript.ts'
import { MAX_PROOF_BYTES, verify } from '../src/verify.ts'
import type { Verdict } from '../src/verify.ts'
import { verifyingKey } from '../src/verifying-key.ts'
import type { VerifyingKey } from '../src/verifying-key.ts'
import { exchanging, otherNumerators, whileSending } from './helpers/sending.ts'
import { kernelsWith, spoiled } from './helpers/spoiled.ts'
import { lighter, statementOf, toy, toyAir } from './helpers/toy.ts'
import type { Toy } from './helpers/toy.ts'

/** Whether the drawn point has no ratios, as one of 2^118 has. */
const mocked = vi.hoisted(() => ({ noRatios: false }))
vi.mock(import('../src/gkr/eq-column.ts'), async (original) => {
  const own = await original()
  return { ...own, eqColumns: (r) => (mocked.noRatios ? undefined : own.eqColumns(r)) }
})

// 79 bits need no grinding: the tests are about the rest.
const BITS = 79

const kernels = await kernelsWith()
const base = toy(kernels)
const vk = lighter(base.vk, BITS)
const { proof: valid } = await prove(kernels, vk, base.statement, base.witness)
const chips = toyAir.chips.length

const check = (
  proof: Uint8Array,
  key: VerifyingKey = vk,
  statement: StarkStatement = base.statement,
  minBits = BITS,
): Verdict => verify(key, statement, proof, { minBits })

const edited = (edit: (proof: Uint8Array) => void): Uint8Array => {
  const proof = valid.slice()
  edit(proof)
  return proof
}
const withHeights = (...heights: number[]): Uint8Array => edited((p) => p.set(heights))

// heights, main root; fraction sums, sumchecks, column claims; sums root, composition root, samples
const FRACTIONS = chips + 32
const layout = layoutOf(vk, base.statement, [5, 7, 6, 8, 4, 0])
const DEPTH = layout.forest[0].log
const SAMPLES = FRACTIONS + gkrBytes(layout) + 64

/** Bytes from the fraction sums to the column claims. */
function gkrBytes({ chips, forest }: Layout): number {
  const rounds = (forest[0].log * (forest[0].log - 1)) / 2
  const values = forest.reduce((sum, { log }) => sum + 4 * log, 0)
  const claims = chips.reduce((sum, chip) => sum + claimedColumns(chip), 0)
  return 16 * (2 * forest.length + 3 * rounds + values + claims)
}

/** A toy of its own whose proof comes from other kernels or another witness, without the prover's own checks. */
async function forged(
  spoil: (t: Toy) => Kernels | void,
  options: Parameters<typeof toy>[2] = {},
): Promise<Verdict> {
  const t = toy(await kernelsWith(), 'fast-100', options)
  const key = lighter(t.vk, BITS)
  const unchecked: ProveOptions = { unchecked: true }
  const { proof } = await prove(spoil(t) ?? t.kernels, key, t.statement, t.witness, unchecked)
  return verify(key, t.statement, proof, { minBits: BITS })
}

/** Adds one to the constant limb of the first of so many words. */
const bump = (k: Kernels, pointer: number, count: number): void =>
  k.words(pointer, count).forEach((w, i, all) => {
    all[i] = M.add(w, 1)
  })

/** One case a code, each the smallest change that only this check sees. */
const cases: Record<FailureCode, () => Verdict | Promise<Verdict>> = {
  'proof/too-large': () => check(new Uint8Array(MAX_PROOF_BYTES + 1)),
  'proof/truncated': () => check(valid.subarray(0, valid.length - 1)),
  'proof/trailing-bytes': () => check(Uint8Array.of(...valid, 0)),
  // before  first limb of the first fraction < P;  after  P
  'proof/not-canonical': () => check(edited((p) => p.set(bytesOfWords([M.P]), FRACTIONS))),
  'shape/no-chips': () => check(withHeights(0, 0, 0, 0, 0, 0)),
  'shape/log-height': () => check(withHeights(3)),
  'shape/fixed-log-height': () => check(withHeights(5, 7, 6, 7)),
  'shape/preprocessed-log-height': () => check(withHeights(5, 7, 6, 8, 5)),
  'shape/multiplicities': () => {
    // 2^24 rows of 128 messages: 2^31 > P
    const [first, ...rest] = toyAir.chips
    const wide = { ...first, messages: Array.from({ length: 128 }, () => first.messages[0]) }
    const air: Air<never> = { ...toyAir, maxLogHeight: 24, chips: [wide, ...rest] }
    return check(withHeights(24), { ...vk, air })
  },
  'shape/rows': () => check(valid, { ...vk, maxRows: 32 + 128 + 64 + 256 + 15 }),
  'security/below-target': () => check(valid, vk, base.statement, 100),
  // The key asks for work before the bus challenges, and the nonce 0 shows none.
  'grind/nonce': () =>
    check(
      edited((p) => p.fill(0, chips + 32, chips + 40)),
      lighter(base.vk, BITS, { logup: 8 }),
    ),
  'bus/public-terms': () =>
    check(valid, vk, { ...base.statement, publicTerms: { count: 1, sum: () => undefined } }),
  'bus/unbalanced': () =>
    check(valid, vk, { ...base.statement, publicTerms: { count: 1, sum: () => Q.ONE } }),
  'bus/zero-denominator': () => check(edited((p) => p.fill(0, FRACTIONS + 16, FRACTIONS + 32))),
  // One round's polynomial with another constant; every value that is claimed is right.
  'gkr/layer': () =>
    whileSending(
      (label, count, [c0, ...rest]) => [
        label === 'gkr round' && count === 7 ? Q.add(c0, Q.ONE) : c0,
        ...rest,
      ],
      () => forged(() => {}),
    ),
  // Values whose fractions add up to the right ones, but are not the leaves'.
  'gkr/leaves': () => whileSending(exchanging(DEPTH - 1, 0, otherNumerators), () => forged(() => {})),
  'gkr/point': () => {
    mocked.noRatios = true
    try {
      return check(valid)
    } finally {
      mocked.noRatios = false
    }
  },
  // The table's column of values.
  'ood/mismatch': () => check(edited((p) => (p[SAMPLES + 16] ^= 1))),
  'merkle/root': () => check(edited((p) => (p[p.length - 1] ^= 1))),
  'fri/final': () =>
    forged((t) =>
      spoiled(t.kernels, {
        lineInterpolate(planes, log, depth) {
          t.kernels.lineInterpolate(planes, log, depth)
          bump(t.kernels, planes, 1)
        },
      }),
    ),
}

describe('verify', () => {
  it('accepts the valid proof, and says how tall its chips are', () => {
    expect(check(valid)).toMatchObject({ ok: true, logHeights: [5, 7, 6, 8, 4, 0] })
  })

  it.each(FAILURE_CODES)('%s', async (code) => {
    expect(await cases[code]()).toMatchObject({ ok: false, failure: { code } })
  })

  it('shape/no-chips: a chip is present but no main column', () => {
    expect(check(withHeights(0, 0, 0, 0, 4, 0))).toMatchObject({
      failure: { code: 'shape/no-chips', at: 'main' },
    })
  })

  it('shape/log-height: above the key, and below it', () => {
    for (const log of [1, 3, 11, 31, 32, 128, 255])
      expect(check(withHeights(log))).toMatchObject({ failure: { code: 'shape/log-height', got: log } })
  })

  it('refuses every other height of every chip', () => {
    const heights = [5, 7, 6, 8, 4, 0]
    heights.forEach((own, chip) => {
      for (let log = 0; log <= 10; log++)
        if (log !== own)
          expect(check(edited((p) => (p[chip] = log))).ok, `chip ${chip} at ${log}`).toBe(false)
    })
  })

  it('merkle/root: every tree and every FRI layer is bound to its root', () => {
    const seen = new Set<string>()
    for (let at = SAMPLES + 1000; at < valid.length; at += 907) {
      const verdict = check(edited((p) => (p[at] ^= 1)))
      if (!verdict.ok && verdict.failure.code === 'merkle/root') seen.add(verdict.failure.at)
    }
    expect([...seen].sort()).toEqual(['composition', 'fri layer 0', 'main', 'sums', 'tables'])
  })

  it('refuses a bit flipped anywhere', () => {
    for (let at = 0; at < valid.length; at += at < 4000 ? 37 : 1499)
      expect(check(edited((p) => (p[at] ^= 1 << (at % 8)))).ok, `byte ${at}`).toBe(false)
  })

  it('proof/truncated: cut anywhere', () => {
    for (let length = 0; length < valid.length; length += length < 100 ? 1 : 1499) {
      const verdict = check(valid.subarray(0, length))
      expect(verdict, `${length} bytes`).toMatchObject({ ok: false })
    }
    expect(check(valid.subarray(0, 10))).toMatchObject({ failure: { code: 'proof/truncated' } })
  })

  it('gives a verdict on random bytes, with and without valid heights in front', () => {
    let seed = 1
    const random = (length: number): Uint8Array =>
      Uint8Array.from({ length }, () => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 24)
    for (let i = 0; i < 150; i++) {
      const proof = random((i * i * 7) % 20_000)
      if (i % 2 === 0) proof.set([5, 7, 6, 8, 4, 0].slice(0, proof.length))
      expect(check(proof).ok).toBe(false)
    }
  })
})

describe('the transcript binds', () => {
  it.each<[string, StarkStatement]>([
    ['statement bytes', { ...base.statement, bytes: Uint8Array.of(...base.statement.bytes, 0) }],
    ['public values', { ...base.statement, publics: [2] }],
    ['the result', statementOf(1, 5, base.statement.preprocessed)],
    [
      'the number of public terms',
      { ...base.statement, publicTerms: { ...base.statement.publicTerms, count: 2 } },
    ],
    [
      'the root of a tree that no present chip uses',
      { ...base.statement, preprocessed: { image: { root: new Uint8Array(32), logHeights: { image: 5 } } } },
    ],
    [
      'its heights',
      {
        ...base.statement,
        preprocessed: { image: { ...base.statement.preprocessed.image, logHeights: { image: 6 } } },
      },
    ],
  ])('%s', (_, statement) => {
    expect(check(valid, vk, statement).ok).toBe(false)
    const seeds = [base.statement, statement].map((s) => {
      const transcript = new Transcript(vk.suite)
      absorbHeader(transcript, vk, s)
      return transcript.seed().join()
    })
    expect(seeds[0]).not.toBe(seeds[1])
  })

  it('the constraints: two AIRs of one shape have two digests', () => {
    const renamed = { ...toyAir, name: 'other' }
    const looser = { ...toyAir, chips: [without(toyAir.chips[0], 'adds'), ...toyAir.chips.slice(1)] }
    const fixed = { tables: base.witness.preprocessed.tables.commitment }
    for (const air of [renamed, looser]) {
      const other = verifyingKey({ air, profile: 'fast-100', fixed })
      expect(other.digest).not.toEqual(base.vk.digest)
      expect(check(valid, { ...vk, digest: other.digest }).ok).toBe(false)
    }
    expect(verifyingKey({ air: toyAir, profile: 'fast-100', fixed }).digest).toEqual(base.vk.digest)
    expect(verifyingKey({ air: toyAir, profile: 'proven-100', fixed }).digest).not.toEqual(base.vk.digest)
    expect(verifyingKey({ air: toyAir, profile: 'fast-100', fixed, maxRows: 999 }).digest).not.toEqual(
      base.vk.digest,
    )
    expect(verifyingKey({ air: toyAir, profile: 'fast-100' }).digest).not.toEqual(base.vk.digest)
  })
})

describe('grinding', () => {
  it('is checked at every site, and in the shape of 0 bits refuses a nonce', async () => {
    // At 116 bits every site has work to do; queries are many and few bits remain for each.
    const t = toy(await kernelsWith(), 'proven-100')
    const key = lighter(t.vk, 116)
    const calls: number[] = []
    const counting = (wrong: number): Kernels =>
      spoiled(t.kernels, {
        grind(seed, bits, from, count) {
          const nonce = t.kernels.grind(seed, bits, from, count)
          if (nonce === undefined) return undefined
          calls.push(bits)
          if (calls.length - 1 !== wrong) return nonce
          let idle = nonce + 1
          while (isGround(key.suite, seed, bits, idle)) idle++
          return idle
        },
      })
    const honest = await prove(counting(-1), key, t.statement, t.witness)
    expect(verify(key, t.statement, honest.proof).ok).toBe(true)
    const sites = ['logup', 'ood', 'batching', 'commit']
    expect(calls.length).toBe(4)
    expect(calls.every((bits) => bits > 0)).toBe(true)
    for (const [i, site] of sites.entries()) {
      calls.length = 0
      const { proof } = await prove(counting(i), key, t.statement, t.witness)
      expect(verify(key, t.statement, proof)).toMatchObject({ failure: { code: 'grind/nonce', at: site } })
    }
  })

  it('is checked before the queries', async () => {
    const key = lighter(base.vk, BITS, { query: 10 })
    const lazy = spoiled(kernels, {
      grind: (seed, bits, from, count) => kernels.grind(seed, bits, from, count)! + 1,
    })
    const { proof } = await prove(lazy, key, base.statement, base.witness)
    expect(verify(key, base.statement, proof, { minBits: BITS })).toMatchObject({
      failure: { code: 'grind/nonce', at: 'query' },
    })
  })
})

describe('a false witness', () => {
  const set = (t: Toy, chip: number, column: number, row: number, value: number): void => {
    t.kernels.words(t.columns[chip]![column], row + 1)[row] = value
  }

  it('ood/mismatch: one cell of a row constraint, of the first row, of a previous-row constraint, of a bit', async () => {
    for (const [chip, column, row] of [
      [2, 2, 60],
      [0, 0, 0],
      [0, 1, 17],
      [1, 2, 127],
    ]) {
      const verdict = await forged((t) => set(t, chip, column, row, 77))
      expect(verdict.ok).toBe(false)
    }
    expect(await forged((t) => set(t, 2, 2, 60, 77))).toMatchObject({ failure: { code: 'ood/mismatch' } })
  })

  it('bus/unbalanced: a multiplicity, a tuple', async () => {
    expect(await forged((t) => set(t, 3, 0, 200, 9))).toMatchObject({ failure: { code: 'bus/unbalanced' } })
    expect(await forged((t) => set(t, 2, 0, 3, 1))).toMatchObject({ ok: false })
  })
})

describe('misuse', () => {
  it('throws when statement and key do not fit', () => {
    expect(() => check(valid, vk, { ...base.statement, publics: [] })).toThrow(Misuse)
    expect(() => check(valid, vk, { ...base.statement, publics: [M.P] })).toThrow(Misuse)
    expect(() => check(valid, vk, { ...base.statement, preprocessed: {} })).toThrow(Misuse)
    expect(() =>
      check(valid, vk, { ...base.statement, publicTerms: { ...base.statement.publicTerms, count: -1 } }),
    ).toThrow(Misuse)
  })

  it('throws on an AIR that the protocol cannot prove', () => {
    const [first, ...rest] = toyAir.chips
    const key = (air: Air<never>): VerifyingKey => verifyingKey({ air, profile: 'fast-100' })
    expect(() => key({ ...toyAir, chips: [{ ...first, messages: [] }, ...rest] })).toThrow(Misuse)
    expect(() => key({ ...toyAir, chips: [first, first] })).toThrow(Misuse)
    expect(() => key({ ...toyAir, chips: [] })).toThrow(Misuse)
    expect(() => key({ ...toyAir, preprocessedTrees: [] })).toThrow(Misuse)
    expect(() => key({ ...toyAir, maxLogHeight: 25 })).toThrow(Misuse)
    const message = { ...first.messages[0], bus: { ...first.messages[0].bus, name: 'Other' } }
    expect(() => key({ ...toyAir, chips: [{ ...first, messages: [message] }, ...rest] })).toThrow(Misuse)
    expect(() =>
      verifyingKey({
        air: toyAir,
        profile: 'fast-100',
        fixed: { nothing: { root: new Uint8Array(32), logHeights: {} } },
      }),
    ).toThrow(Misuse)
    expect(() =>
      verifyingKey({
        air: toyAir,
        profile: 'fast-100',
        fixed: { tables: { root: new Uint8Array(31), logHeights: { bytes: 8, idle: 4 } } },
      }),
    ).toThrow(Misuse)
    expect(() =>
      verifyingKey({
        air: toyAir,
        profile: 'fast-100',
        fixed: { tables: { root: new Uint8Array(32), logHeights: { bytes: 8 } } },
      }),
    ).toThrow(Misuse)
    expect(() =>
      verifyingKey({
        air: toyAir,
        profile: 'fast-100',
        fixed: { tables: { root: new Uint8Array(32), logHeights: { bytes: 8, idle: 99 } } },
      }),
    ).toThrow(Misuse)
  })
})
