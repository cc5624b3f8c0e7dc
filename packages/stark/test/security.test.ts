import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  finalLogDegreeFor,
  grindingFor,
  MAX_GRINDING,
  parameters,
  PROFILES,
  queriesFor,
  shapeOf,
  sumcheckErrors,
} from '../src/profiles.ts'
import type { Profile } from '../src/profiles.ts'
import {
  dkt26LineCount,
  fieldBits,
  johnson,
  outOfDomainZeros,
  queryBits,
  randomWordsAgreement,
  uniqueDecoding,
} from '../src/security-bounds.ts'
import { foldArities, InsecureParameters, securityOf } from '../src/security-report.ts'
import type { ProtocolParameters, RegimeReport, SecurityReport, Shape } from '../src/security-report.ts'
import { soundcalcBits } from './helpers/soundcalc.ts'
import type { SoundcalcInput } from './helpers/soundcalc.ts'
import { assertSecure, describeSecurity, security } from '../src/security.ts'

interface Vector {
  readonly name: string
  readonly field: 'M31^4' | 'M31^6'
  readonly input: SoundcalcInput
  readonly soundcalc_floor: Record<'UDR' | 'JBR', Record<string, number>>
  readonly exact: Record<'UDR' | 'JBR', Record<string, number>>
}
const file = JSON.parse(readFileSync(new URL('./vectors/security.json', import.meta.url), 'utf8')) as {
  readonly vectors: readonly Vector[]
  readonly dkt26_line_count_log2: readonly [number, number, number, number][]
}

const DEGREE = { 'M31^4': 4, 'M31^6': 6 }
const profiles = Object.values(PROFILES)

/** The reference AIR of the parameter tables, at 2^logHeight rows. */
function reference(logHeight: number, changes: Partial<Shape> = {}): Shape {
  return {
    logHeight,
    constraints: 1000,
    batchTerms: 512,
    logupTerms: 64 * 2 ** Math.min(logHeight, 24),
    sumcheckErrors: sumcheckErrors([logHeight + 6]),
    tupleWidth: 8,
    constraintDegree: 3,
    quotientPieces: 2,
    oodPoints: 2,
    ...changes,
  }
}

/** mulberry32 */
function generator(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

function bitsOf(report: RegimeReport, name: string): number {
  return report.terms.find((term) => term.name === name)!.bits
}

function code(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof InsecureParameters) return error.code
    throw error
  }
  return 'accepted'
}

describe('soundcalc vectors', () => {
  it('has all 27 of them, with 1360 values', () => {
    expect(file.vectors).toHaveLength(27)
    const values = file.vectors.flatMap(({ exact }) => [...Object.keys(exact.UDR), ...Object.keys(exact.JBR)])
    expect(values).toHaveLength(1360)
  })

  for (const vector of file.vectors)
    for (const regime of ['UDR', 'JBR'] as const)
      it(`${vector.name} ${regime}`, () => {
        const bits = soundcalcBits(DEGREE[vector.field], regime, vector.input)
        expect(Object.keys(bits).toSorted()).toEqual(Object.keys(vector.exact[regime]).toSorted())
        const floors = Object.fromEntries(
          Object.entries(bits).map(([name, value]) => [name, Math.floor(value)]),
        )
        expect(floors).toEqual(vector.soundcalc_floor[regime])
        for (const [name, value] of Object.entries(vector.exact[regime]))
          expect(Math.abs(bits[name] - value), name).toBeLessThan(1e-6)
      })
})

describe('published cross-checks', () => {
  it('DKT26 line counts', () => {
    for (const [logK, logInverseRho, m, expected] of file.dkt26_line_count_log2)
      expect(Math.log2(dkt26LineCount(2 ** (logK + logInverseRho), 2 ** logK, m))).toBeCloseTo(expected, 12)
    expect(dkt26LineCount(8, 1, 3)).toBe(28)
  })

  it('rounding takes soundcalc from m = 50 to m = 51 at rates 1/2, 1/16 and 1/32 of large fields', () => {
    for (const b of [1, 2, 3, 4, 5]) {
      const { input } = file.vectors.find(({ name }) => name === 'jbr128-2^20-B4')!
      const bits = soundcalcBits(6, 'JBR', { ...input, b, folds: [2], gb: 0 })
      const m = [1, 4, 5].includes(b) ? 51 : 50
      const count = johnson(2 ** -b, m, 'BCHKS25').lineCount(input.N * 2 ** b, input.N)
      // θ is that of m = 50 there, which moves the count by less than 1e-6 of a bit
      expect(bits['batching']).toBeCloseTo(fieldBits(6) - Math.log2(511 * count), 5)
    }
  })

  it('query bits of p3-security: 57 and 65 of 100 queries at blowup 2, 105.65 of 108 at blowup 8', () => {
    expect(Math.floor(queryBits(100, 1 - uniqueDecoding(1 / 2).theta) + 16)).toBe(57)
    expect(Math.floor(queryBits(100, 1 - johnson(1 / 2, 100, 'BCHKS25').theta) + 16)).toBe(65)
    expect(queryBits(108, 1 - uniqueDecoding(1 / 8).theta) + 16).toBeCloseTo(105.65, 2)
  })

  it('bits a query under random words: 0.9719, 1.9605, 2.9492, 3.9380', () => {
    const bits = [1, 2, 3, 4].map((b) => queryBits(1, randomWordsAgreement(2 ** -b, fieldBits(4))).toFixed(4))
    expect(bits).toEqual(['0.9719', '1.9605', '2.9492', '3.9380'])
  })

  it('DEEP charges the committed quotient pieces where they have more zeros', () => {
    expect(outOfDomainZeros(64, 2, 3, 2)).toBe(3 * 65 + 63)
    expect(outOfDomainZeros(64, 2, 2, 4)).toBe(5 * 64 + 1)
  })

  it('terms of the reference AIR at 2^20 and blowup 4, with arity-2 folds', () => {
    const { provenUDR } = securityOf(
      {
        extensionDegree: 4,
        logBlowup: 2,
        queries: 118,
        grinding: { logup: 6, ood: 0, batching: 0, commit: Array<number>(14).fill(0), query: 20 },
        batching: 'eq',
        foldArityLog: 1,
        finalLogDegree: 6,
      },
      reference(20),
    )
    const expected: [string, number][] = [
      ['batching', 100.25],
      ['commit 1', 103.42],
      ['query', 100.01],
      ['DEEP', 102.0],
      ['LogUp', 100.68],
      ['hash', 128],
    ]
    for (const [name, bits] of expected) expect(bitsOf(provenUDR, name), name).toBeCloseTo(bits, 1)
    // The composition uses eq here, so one of its 1000 constraints costs log2(10), not log2(1000)
    expect(bitsOf(provenUDR, 'ALI')).toBeCloseTo(124 - Math.log2(10), 6)
    expect(provenUDR.binding.name).toBe('query')
    expect(provenUDR.union).toBeGreaterThan(98.4)
    expect(provenUDR.union).toBeLessThan(98.51)
  })
})

describe('parameters of the profiles', () => {
  it('needs nothing beyond the profile for a small trace but the queries of its rate', () => {
    const { queries, grinding } = parameters(PROFILES['proven-100'], reference(14))
    expect(queries).toBe(118)
    expect(grinding).toEqual({ logup: 0, ood: 0, batching: 0, commit: [0, 0], query: 20 })
    expect(queriesFor(PROFILES['fast-100'], reference(12))).toBe(193)
  })

  it('asks for a few more queries on tiny traces, where N + 3 is not N', () => {
    expect([7, 8, 10, 12, 13].map((n) => queriesFor(PROFILES['proven-100'], reference(n)))).toEqual([
      120, 119, 119, 119, 118,
    ])
    expect([7, 8, 9, 11, 12].map((n) => queriesFor(PROFILES['fast-100'], reference(n)))).toEqual([
      199, 196, 195, 194, 193,
    ])
  })

  it('pays for the largest shapes by grinding', () => {
    const largest = reference(24, { logupTerms: 2 ** 30, tupleWidth: 16 })
    expect(parameters(PROFILES['proven-100'], largest)).toMatchObject({
      queries: 118,
      grinding: { logup: 11, ood: 3, batching: 1, commit: [4, 1, 0, 0, 0], query: 20 },
    })
  })

  it('is the least: one query or one bit less at any site misses the target', () => {
    for (const profile of profiles)
      for (const n of [7, 12, 16, 20, 22, 24]) {
        const shape = reference(n, { logupTerms: 2 ** (n + 6), tupleWidth: 12 })
        const derived = parameters(profile, shape)
        const proven = (changes: Partial<ProtocolParameters>): number =>
          securityOf({ ...derived, ...changes }, shape).provenUDR.bits
        const { grinding } = derived
        if (derived.queries > profile.queries)
          expect(proven({ queries: derived.queries - 1 })).toBeLessThan(100)
        for (const site of ['logup', 'ood', 'batching'] as const)
          if (grinding[site] > 0)
            expect(proven({ grinding: { ...grinding, [site]: grinding[site] - 1 } }), site).toBeLessThan(100)
        grinding.commit.forEach((bits, i) => {
          const commit = grinding.commit.with(i, bits - 1)
          if (bits > 0) expect(proven({ grinding: { ...grinding, commit } })).toBeLessThan(100)
        })
      }
  })

  it('no accepted shape is below the target', () => {
    const random = generator(100)
    const below = (most: number): number => Math.floor(random() * most)
    for (let round = 0; round < 1500; round++) {
      const profile = profiles[below(profiles.length)]
      const shape = reference(7 + below(18), {
        constraints: 1 + below(20000),
        batchTerms: 1 + below(20000),
        logupTerms: Math.floor(2 ** (random() * 30)),
        sumcheckErrors: sumcheckErrors(Array.from({ length: 1 + below(4) }, () => 2 + below(30))),
        tupleWidth: 1 + below(32),
        constraintDegree: 2 + below(3),
        quotientPieces: 1 + below(4),
        oodPoints: 1 + below(2),
      })
      const report = security(profile, shape)
      const label = `${profile.name} ${JSON.stringify(shape)}`
      expect(report.provenUDR.bits, label).toBeGreaterThanOrEqual(profile.targetBits)
      expect(report.parameters.queries).toBeGreaterThanOrEqual(profile.queries)
      expect(report.parameters.queries).toBeLessThanOrEqual(199)
      expect(report.parameters.grinding.query).toBe(20)
      expect(Math.max(report.parameters.grinding.logup, report.parameters.grinding.ood)).toBeLessThan(16)
      assertSecure(report, profile.targetBits)
    }
  })

  it('does not leave the decision to the last bit of a double', () => {
    // |F| / 2^100 = 2^24 (1 - 2^-29 + 3·2^-61 - …), so 2^24 bad challenges are too many by a hair, and
    // 2^29 - 1 = 233 · 2304167 meet 5 bits of grinding exactly in doubles, and by 2^-60 in truth
    const grinding = (logupTerms: number, tupleWidth: number): number =>
      grindingFor(PROFILES['proven-100'], reference(16, { logupTerms, tupleWidth })).logup
    expect([2 ** 21 - 1, 2 ** 21].map((terms) => grinding(terms, 6))).toEqual([0, 1])
    expect([2304166, 2304167].map((terms) => grinding(terms, 231))).toEqual([5, 6])
  })

  it('refuses shapes out of range', () => {
    const profile = PROFILES['proven-100']
    const refused: Partial<Shape>[] = [
      { logHeight: 6 },
      { logHeight: 25 },
      { logHeight: 10.5 },
      { logHeight: NaN },
      { logupTerms: 2 ** 31 - 1 },
      { logupTerms: -1 },
      { sumcheckErrors: -1 },
      { sumcheckErrors: 2 ** 16 + 1 },
      { constraints: 0 },
      { batchTerms: Infinity },
      { tupleWidth: 0 },
      { constraintDegree: 0 },
      { quotientPieces: 0 },
      { oodPoints: 0 },
    ]
    for (const changes of refused) {
      const shape = reference(12, changes)
      expect(code(() => queriesFor(profile, shape)) + code(() => grindingFor(profile, shape))).toContain(
        'security/shape',
      )
      expect(
        code(() => security(profile, shape)),
        JSON.stringify(changes),
      ).toBe('security/shape')
    }
    expect(code(() => security(profile, reference(12, { logupTerms: 2 ** 31 - 2 })))).toBe('accepted')
    expect(code(() => security(profile, reference(7)))).toBe('accepted')
  })

  it('refuses what no allowed parameters can carry', () => {
    const demanding = (targetBits: number): Profile => ({ ...PROFILES['proven-100'], targetBits })
    // 124-bit field: neither 128 bits, nor 120 with 24 bits of grinding
    expect(code(() => grindingFor(demanding(128), reference(16)))).toBe('security/below-target')
    expect(code(() => grindingFor(demanding(123), reference(20)))).toBe('security/below-target')
    // Only the composition, which has no site to grind at, misses 124: |F| is just below 2^124
    const small = reference(7, { logupTerms: 1, tupleWidth: 1, sumcheckErrors: 1 })
    expect(code(() => grindingFor(demanding(123), small))).toBe('accepted')
    expect(code(() => grindingFor(demanding(124), small))).toBe('security/below-target')
    // Nor have the sumchecks a site: of 2^124 less a little, three bad challenges are too many for 123 bits.
    const gkr = { ...small, sumcheckErrors: 3 }
    expect(() => grindingFor(demanding(123), gkr)).toThrow('the challenge field is too small: gkr')
    expect(code(() => grindingFor(demanding(122), gkr))).toBe('accepted')
    expect(code(() => queriesFor(demanding(220), reference(16)))).toBe('security/below-target')
    expect(grindingFor(demanding(110), reference(16)).logup).toBeLessThanOrEqual(MAX_GRINDING)
  })

  it('adds up chips', () => {
    const chips = [
      { logHeight: 10, constraints: 50, batchTerms: 40, messages: 6 },
      { logHeight: 16, constraints: 5, batchTerms: 4, messages: 1 },
    ]
    const bus = { publicTerms: 100, tupleWidth: 9, extraBatchTerms: 16 }
    const leaves = 6 * 1024 + 65536
    const sums = { constraints: 55, batchTerms: 60, logupTerms: leaves + 100, tupleWidth: 9 }
    expect(shapeOf(chips, { ...bus, treeDepths: [17, 13] })).toEqual(
      reference(16, { ...sums, sumcheckErrors: sumcheckErrors([17, 13]) }),
    )
    // Without the trees, four as deep as any.
    expect(shapeOf(chips, bus).sumcheckErrors).toBe(sumcheckErrors([18, 18, 18, 18]))
    expect(shapeOf([], bus).sumcheckErrors).toBe(0)
  })

  it('counts the bad challenges of the sumchecks', () => {
    // One tree of four leaves: lambda and half of the root's layer; lambda, a cubic and half of the next; the columns.
    expect(sumcheckErrors([2])).toBe(1 + 1 + (1 + 3 + 1) + 1)
    // A second tree brings two more powers of lambda a layer, and no round of its own.
    expect(sumcheckErrors([2, 2])).toBe(3 + 1 + (3 + 3 + 1) + 1)
    expect(sumcheckErrors([3, 1])).toBe(4 + 7 + (3 + 6 + 1) + 1)
    expect(sumcheckErrors([])).toBe(0)
    const { provenUDR } = security(PROFILES['proven-100'], reference(20, { sumcheckErrors: 1024 }))
    expect(bitsOf(provenUDR, 'GKR')).toBeCloseTo(fieldBits(4) - 10, 9)
  })
})

describe('the report', () => {
  const m31x6 = (changes: Partial<ProtocolParameters> = {}): ProtocolParameters => ({
    extensionDegree: 6,
    logBlowup: 4,
    queries: 55,
    grinding: { logup: 0, ood: 0, batching: 0, commit: Array<number>(5).fill(0), query: 20 },
    batching: 'independent',
    foldArityLog: 3,
    finalLogDegree: 6,
    ...changes,
  })

  it('M31⁶ reaches 128 Johnson bits at blowup 16 and 55 queries, and never more than the hash', () => {
    const report = securityOf(m31x6(), reference(20))
    expect(report.provenJohnson.bits).toBe(128)
    expect(report.provenJohnson.binding.name).toBe('hash')
    expect(report.provenJohnson.m).toBeGreaterThan(3)
    expect(securityOf(m31x6({ queries: 54 }), reference(20)).provenJohnson.bits).toBeLessThan(128)
    assertSecure(report, 128, 'provenJohnson')
    expect(code(() => assertSecure(report, 128))).toBe('security/below-target')
    expect(code(() => assertSecure(report, 129, 'provenJohnson'))).toBe('security/below-target')
  })

  it('orders the laws, and never lets the conjecture borrow more than b bits a query', () => {
    const report = securityOf(m31x6({ extensionDegree: 4, queries: 46 }), reference(20))
    expect(report.johnsonDKT26.bits).toBeGreaterThan(report.provenJohnson.bits)
    expect(report.provenJohnson.bits).toBeGreaterThan(report.johnsonBCIKS20.bits)
    expect(bitsOf(report.conjecturedRandomWords, 'query')).toBeLessThan(20 + 4 * 46 - 2)
  })

  it('credits grinding only to the round it precedes', () => {
    const base = m31x6()
    const before = securityOf(base, reference(20))
    const sites = { logup: 'LogUp', ood: 'DEEP', batching: 'batching', query: 'query' } as const
    for (const [site, term] of Object.entries(sites)) {
      const ground = { ...base.grinding, [site]: base.grinding[site as keyof typeof sites] + 5 }
      const after = securityOf({ ...base, grinding: ground }, reference(20))
      for (const { name, bits, statistical } of after.provenUDR.terms) {
        const old = before.provenUDR.terms.find((one) => one.name === name)!
        expect(bits - old.bits, `${site} on ${name}`).toBeCloseTo(name === term ? 5 : 0, 9)
        expect(statistical).toBe(old.statistical)
      }
    }
  })

  it('charges batching by eq and by powers, and the list size in Johnson regimes', () => {
    const independent = securityOf(m31x6(), reference(20)).provenUDR
    const eq = securityOf(m31x6({ batching: 'eq' }), reference(20)).provenUDR
    const powers = securityOf(m31x6({ batching: 'powers' }), reference(20)).provenUDR
    expect(bitsOf(independent, 'batching') - bitsOf(eq, 'batching')).toBeCloseTo(Math.log2(9), 9)
    expect(bitsOf(independent, 'batching') - bitsOf(powers, 'batching')).toBeCloseTo(Math.log2(511), 9)
    expect(bitsOf(independent, 'ALI') - bitsOf(eq, 'ALI')).toBeCloseTo(Math.log2(10), 9)
    const { m, ...list } = securityOf(m31x6(), reference(20)).provenJohnson
    const size = Math.log2((m! + 0.5) * 4)
    for (const name of ['ALI', 'DEEP', 'LogUp', 'GKR'])
      expect(bitsOf(independent, name) - bitsOf(list, name), name).toBeCloseTo(size, 4)
  })

  it('charges the dimension N + 3 in the query term, the domain before each fold, and arity - 1', () => {
    const report = securityOf(
      m31x6({ grinding: { ...m31x6().grinding, commit: [0] } }),
      reference(7),
    ).provenUDR
    const domain = 2 ** 11
    expect(bitsOf(report, 'query')).toBeCloseTo(20 - 55 * Math.log2((1 + 131 / domain) / 2), 9)
    expect(bitsOf(report, 'commit 1')).toBeCloseTo(fieldBits(6) - Math.log2((domain - 131) / 2 + 1), 9)
    const larger = securityOf(m31x6(), reference(20)).provenUDR
    const count = (2 ** 24 - 2 ** 20 - 3) / 2 / 8 + 1
    expect(bitsOf(larger, 'commit 2')).toBeCloseTo(fieldBits(6) - Math.log2(7 * count), 9)
    expect(bitsOf(larger, 'DEEP')).toBeCloseTo(fieldBits(6) - Math.log2(4 * 2 ** 20 + 14), 9)
  })

  it('leaves LogUp out where there is no bus', () => {
    const { terms } = securityOf(m31x6(), reference(20, { logupTerms: 0, sumcheckErrors: 0 })).provenUDR
    expect(terms.map(({ name }) => name)).not.toContain('LogUp')
    expect(terms.map(({ name }) => name)).not.toContain('GKR')
  })

  it('refuses a code without room for the opened points', () => {
    const grinding = { ...m31x6().grinding, commit: [0] }
    const tiny = m31x6({ logBlowup: 1, finalLogDegree: 0, grinding })
    expect(code(() => securityOf(tiny, reference(1)))).toBe('security/shape')
    expect(code(() => securityOf(tiny, reference(3)))).toBe('accepted')
  })

  it('refuses malformed parameters and shapes', () => {
    const base = m31x6()
    const refused: Partial<ProtocolParameters>[] = [
      { extensionDegree: 0 },
      { logBlowup: 0 },
      { queries: NaN },
      { foldArityLog: 0 },
      { finalLogDegree: -1 },
      { grinding: { ...base.grinding, commit: [0, 0, 0, 0] } },
      { grinding: { ...base.grinding, logup: -1 } },
      { grinding: { ...base.grinding, query: 1.5 } },
    ]
    for (const changes of refused)
      expect(
        code(() => securityOf({ ...base, ...changes }, reference(20))),
        JSON.stringify(changes),
      ).toBe('security/parameters')
    expect(code(() => securityOf(base, reference(20, { tupleWidth: -1 })))).toBe('security/shape')
  })

  it('refuses below the bits asked for, and NaN', () => {
    const report = security(PROFILES['proven-100'], reference(20))
    expect(code(() => assertSecure(report, 100))).toBe('accepted')
    expect(code(() => assertSecure(report, 101))).toBe('security/below-target')
    expect(code(() => assertSecure(report, NaN))).toBe('security/below-target')
    const short = securityOf({ ...report.parameters, queries: 117 }, reference(20))
    expect(() => assertSecure(short, 100)).toThrow(
      '99.3 proven bits (unique decoding, BCHKS25, bound by query)',
    )
  })

  it('splits statistical from grinding, and adds the errors up', () => {
    const report = security(PROFILES['proven-100'], reference(14))
    const { provenUDR } = report
    expect(provenUDR.binding).toMatchObject({ name: 'query', grinding: 20 })
    expect(provenUDR.binding.statistical).toBeCloseTo(80, 1)
    expect(provenUDR.withoutGrinding).toBe(provenUDR.binding.statistical)
    expect(provenUDR.union).toBeCloseTo(-Math.log2(sumOfErrors(report)), 9)
    expect(describeSecurity(report).split('\n')[0]).toContain(
      'proven (unique decoding, BCHKS25): 100.0 = 80.0 statistical + 20 grinding (query); union bound ',
    )
    expect(describeSecurity(report).split('\n')).toHaveLength(5)
  })

  it('folds evenly, the larger folds first, all the way down', () => {
    expect(foldArities(20, 3, 6)).toEqual([8, 8, 8, 8, 4])
    expect(foldArities(19, 3, 9)).toEqual([16, 8, 8])
    expect(foldArities(13, 3, 9)).toEqual([16])
    expect(foldArities(7, 3, 6)).toEqual([2])
    for (let arity = 1; arity <= 4; arity++)
      for (let height = 1; height <= 24; height++)
        for (let final = 0; final < height; final++) {
          const logs = foldArities(height, arity, final).map(Math.log2)
          expect(logs.reduce((a, b) => a + b)).toBe(height - final)
          expect(logs.every((log, i) => log >= 1 && log <= arity + 1 && log <= (logs[i - 1] ?? log))).toBe(
            true,
          )
        }
    expect(code(() => foldArities(20, 3, -1))).toBe('security/parameters')
  })

  it('sends at most 512 last coefficients, and folds a short trace once', () => {
    const least = PROFILES['fast-100']
    expect([7, 8, 9, 10, 12, 13, 24].map((n) => finalLogDegreeFor(least, n))).toEqual([6, 6, 6, 7, 9, 9, 9])
    for (const n of [7, 12, 13, 20])
      expect(parameters(least, reference(n)).finalLogDegree).toBe(finalLogDegreeFor(least, n))
  })

  it('knows no number of the refuted conjecture', () => {
    const source = new URL('../src/', import.meta.url)
    const files = readdirSync(source).filter((name) => /^(security|profiles)/.test(name))
    expect(files.length).toBeGreaterThanOrEqual(4)
    for (const name of files) expect(readFileSync(new URL(name, source), 'utf8')).not.toMatch(/capacity/i)
    const report = security(PROFILES['proven-100'], reference(16))
    expect(describeSecurity(report) + JSON.stringify(report)).not.toMatch(/capacity|\b256\b/i)
  })
})

function sumOfErrors(report: SecurityReport): number {
  return report.provenUDR.terms.reduce((sum, { bits }) => sum + 2 ** -bits, 0)
}
