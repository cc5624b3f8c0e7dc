import { assembleElf } from '@vouch/engine/assembler'
import { encodeStatement, imageId as imageIdOf, riscvAir } from '@vouch/machine'
import type { ImageHeader, Statement } from '@vouch/machine'
import { Expr, MAX_PROOF_BYTES, createKernels, qm31 as Q } from '@vouch/stark'
import type { Chip, Kernels, QM31, RowPolynomial } from '@vouch/stark'
import { MAX_PUBLIC_BYTES, encodeProofFile, toHex, verify } from '@vouch/verifier'
import type { Verdict } from '@vouch/verifier'
import { beforeAll, describe, expect, it } from 'vitest'
import { prove } from '../src/index.ts'
import { FAULTS } from './forgery-faults.ts'
import { HONEST, computeWith } from './forgery-programs.ts'
import type { Cheats } from './forgery-prover.ts'
import { forge } from './forgery-witness.ts'
import type { Forged, Forgery } from './forgery-witness.ts'

let kernels: Kernels
const honest = new Map<string, Forged>()
const [compute] = HONEST

beforeAll(async () => {
  kernels = await createKernels({ kind: 'wasm' })
  for (const f of HONEST) honest.set(f.source, await forge(kernels, f))
})

const check = ({ proof, imageId }: Pick<Forged, 'proof' | 'imageId'>): Promise<Verdict> =>
  verify(proof, { imageId, allowFailure: true })

const codeOf = (verdict: Verdict): string => (verdict.ok ? 'accepted' : verdict.failure.code)

const verdictOn = async (f: Forgery): Promise<string> => codeOf(await check(await forge(kernels, f)))

/** Puts all that the buses lack into the sum of the first tree. */
const sums: NonNullable<Cheats['sums']> = ([first, ...rest], total) => [
  { ...first, numerator: Q.sub(first.numerator, Q.mul(total, first.denominator)) },
  ...rest,
]
/** And carries the lie on to the claim of a column. */
const balanced: Cheats = { sums, carry: 'to a column' }

/** 2^20 in one of 2^16 rows, else 0: the product of each bit or its complement, multiplied out. */
const onlyIn = (row: number): RowPolynomial => {
  const bits = Array.from({ length: 16 }, (_, bit) => bit)
  const [ones, zeros] = [1, 0].map((value) => bits.filter((bit) => ((row >> bit) & 1) === value))
  return Array.from({ length: 2 ** zeros.length }, (_, subset) => {
    const taken = zeros.filter((__, i) => ((subset >> i) & 1) === 1)
    return { coefficient: taken.length % 2 === 0 ? 2 ** 20 : -(2 ** 20), bits: [...ones, ...taken] }
  })
}

/** A chip in one of whose rows, which nobody asks, the row polynomial 'x' is off: a table of more than bytes. */
const withAnotherByte = (chip: Chip<never>): Chip<never> => {
  const changed = (e: Expr): Expr => {
    const n = e.node
    if (n.kind === 'row' && n.name === 'x') return new Expr({ ...n, terms: [...n.terms, ...onlyIn(54321)] })
    return 'a' in n ? new Expr({ ...n, a: changed(n.a), b: changed(n.b) }) : e
  }
  return { ...chip, messages: chip.messages.map((m) => ({ ...m, tuple: m.tuple.map(changed) })) }
}

/** A statement that is false: only the Halt bus sees it, unless the claims lie. */
const lie: Forgery = { ...compute, say: () => ({ exitCode: 1 }) }

describe('the path of a forgery without one', () => {
  it('gives the very bytes of the prover', async () => {
    const { source, data } = compute
    const { proof } = await prove(assembleElf(source, data), { profile: 'fast-100' })
    expect(Buffer.compare(honest.get(source)!.proof, proof)).toBe(0)
  })
  it.each(HONEST.map((f) => [f.source.trim().split('\n').at(-2)!.trim(), f]))(
    'is accepted: …%s',
    async (_, f) => {
      const forged = honest.get(f.source)!
      expect(forged.broken).toEqual([])
      expect(await check(forged)).toMatchObject({ ok: true })
    },
  )
})

describe('coherent faults, proved to the end', () => {
  it('are more than a hundred, each of one name', () => {
    expect(new Set(FAULTS.map((f) => f.name)).size).toBe(FAULTS.length)
    expect(FAULTS.length).toBeGreaterThan(100)
  })
  it.each(FAULTS.map((fault) => [fault.name, fault] as const))('%s', async (_, { forgery, broken }) => {
    const forged = await forge(kernels, forgery)
    expect(forged.broken).toEqual(broken)
    const isBus = broken.some((what) => !what.includes(': '))
    expect(codeOf(await check(forged))).toBe(isBus ? 'bus/unbalanced' : 'ood/mismatch')
    expect(await verdictOn({ ...forgery, cheats: balanced })).toBe('ood/mismatch')
  })
})

describe('a second table of a chip', () => {
  const moved = (cheat: Readonly<Record<string, number>>): Forgery => ({
    ...compute,
    extra: ['add/2'],
    cells: (c) => {
      for (const name of riscvAir.chips.find((chip) => chip.name === 'add')!.columns) {
        c.column('add/2', name)[0] = c.column('add', name)[0]
        c.column('add', name)[0] = 0
      }
      c.add('add/2', 0, cheat)
    },
  })

  it('may have any of its rows', async () => {
    const forged = await forge(kernels, moved({}))
    expect(forged.broken).toEqual([])
    expect(codeOf(await check(forged))).toBe('accepted')
  })
  it('may not have a false one', async () => {
    const forged = await forge(kernels, moved({ a0: 1 }))
    expect(forged.broken).toEqual(['Mem', 'add/2: high limb of b - c', 'add/2: low limb of b - c'])
    expect(codeOf(await check(forged))).toBe('bus/unbalanced')
    expect(await verdictOn({ ...moved({ a0: 1 }), cheats: balanced })).toBe('ood/mismatch')
  })
  it('may not say a row again', async () => {
    const again: Forgery = {
      ...compute,
      extra: ['add/2'],
      cells: (c) => {
        for (const name of riscvAir.chips.find((chip) => chip.name === 'add')!.columns)
          c.column('add/2', name)[0] = c.column('add', name)[0]
      },
    }
    const forged = await forge(kernels, again)
    expect(forged.broken).toEqual(['Mem', 'State'])
    expect(codeOf(await check(forged))).toBe('bus/unbalanced')
  })
})

describe('lies of the protocol', () => {
  const zero = (planes: Uint32Array): void => void planes.fill(0)
  const zeros = (coefficients: readonly QM31[]): QM31[] => coefficients.map(() => Q.ZERO)
  const LIES: readonly (readonly [name: string, forgery: Forgery, code: string])[] = [
    [
      'sums of two trees that add up to the right total',
      {
        ...compute,
        dense: true,
        cheats: {
          sums: ([a, b, ...rest]) => [
            { ...a, numerator: Q.add(a.numerator, a.denominator) },
            { ...b, numerator: Q.sub(b.numerator, b.denominator) },
            ...rest,
          ],
        },
      },
      'gkr/layer',
    ],
    [
      'claims of two columns exchanged',
      { ...compute, cheats: { claims: ([[a, b, ...own], ...rest]) => [[b, a, ...own], ...rest] } },
      'gkr/leaves',
    ],
    ['a sum that cancels the lie, and honest sumchecks', { ...lie, cheats: { sums } }, 'gkr/layer'],
    [
      'a sum that cancels the lie, carried to the leaves',
      { ...lie, cheats: { sums, carry: 'to the leaves' } },
      'gkr/leaves',
    ],
    ['a sum that cancels the lie, carried to a column', { ...lie, cheats: balanced }, 'ood/mismatch'],
    [
      'and a composition value that makes the identity hold',
      { ...lie, cheats: { ...balanced, mendSamples: true } },
      'fri/final',
    ],
    [
      'and a word of low degree in the place of the DEEP quotient',
      {
        ...lie,
        cheats: { ...balanced, mendSamples: true, layer: (i, w) => i === 0 && zero(w), final: zeros },
      },
      'merkle/root',
    ],
    [
      'the same behind the first fold',
      {
        ...lie,
        dense: true,
        cheats: { ...balanced, mendSamples: true, layer: (i, w) => i === 1 && zero(w), final: zeros },
      },
      'merkle/root',
    ],
    [
      'the same behind the last fold',
      { ...lie, cheats: { ...balanced, mendSamples: true, final: zeros } },
      'fri/final',
    ],
    [
      'a composition that is another',
      { ...compute, cheats: { composition: ([left]) => void (left[0] = (left[0] + 1) % (2 ** 31 - 1)) } },
      'ood/mismatch',
    ],
    [
      'a composition that is another, with the value that it should have',
      {
        ...compute,
        cheats: {
          composition: ([left]) => void (left[0] = (left[0] + 1) % (2 ** 31 - 1)),
          mendSamples: true,
        },
      },
      'fri/final',
    ],
    [
      'a column committed as another than was sampled',
      {
        ...compute,
        cheats: {
          extended: (tree, [first]) => {
            if (tree === 'main') first.forEach((v, i) => (first[i] = (v + 1) % (2 ** 31 - 1)))
          },
        },
      },
      'ood/mismatch',
    ],
    [
      'sums committed as others than were sampled',
      {
        ...compute,
        cheats: {
          extended: (tree, columns) => {
            if (tree === 'sums') columns.at(-1)!.fill(0)
          },
        },
      },
      'ood/mismatch',
    ],
    [
      'another final polynomial',
      { ...compute, cheats: { final: ([c, ...rest]) => [Q.add(c, Q.ONE), ...rest] } },
      'fri/final',
    ],
    [
      'a final polynomial in another order',
      { ...compute, cheats: { final: (c) => c.toReversed() } },
      'fri/final',
    ],
    ['a longer final polynomial', { ...compute, cheats: { final: (c) => [...c, Q.ZERO] } }, 'grind/nonce'],
    [
      'a shorter final polynomial',
      { ...compute, cheats: { final: (c) => c.slice(1) } },
      'proof/not-canonical',
    ],
    ['another nonce', { ...compute, cheats: { nonce: (_, nonce) => nonce + 1 } }, 'grind/nonce'],
    [
      'queries of the prover’s choice: each the twin of the one drawn',
      { ...compute, cheats: { positions: (p) => p.map((q) => q ^ 1) } },
      'merkle/root',
    ],
    [
      'the ROM and image of another program',
      {
        ...computeWith('sub', 'add t2, t0, t1'),
        decodeExecuted: true,
        imageExecuted: true,
      },
      'merkle/root',
    ],
    [
      'a dense table with another value',
      { ...compute, dense: true, cheats: { fractionsOf: withAnotherByte } },
      'gkr/leaves',
    ],
    [
      'a dense table with another value, beside the sparse one',
      {
        ...compute,
        dense: true,
        extra: ['tables-sparse'],
        cheats: { fractionsOf: withAnotherByte },
      },
      'gkr/leaves',
    ],
  ]
  it.each(LIES)('%s', async (_, forgery, code) => {
    expect(await verdictOn(forgery)).toBe(code)
  })
  it('fewer positions than were drawn', async () => {
    const few = await verdictOn({ ...compute, cheats: { positions: (p) => p.fill(0) } })
    expect(few).not.toBe('accepted')
  })
  it('a dense table, alone or beside an empty sparse one, is accepted', async () => {
    expect(await verdictOn({ ...compute, dense: true })).toBe('accepted')
    expect(await verdictOn({ ...compute, dense: true, extra: ['tables-sparse'] })).toBe('accepted')
  })
  it('heights other than those proved: each chip higher, and absent', async () => {
    const heights = 30
    for (let i = 0; i < heights; i++)
      for (const change of [(h: number) => h + 1, (h: number) => (h === 0 ? 4 : 0)]) {
        const file = honest.get(compute.source)!
        const stark = file.stark.slice()
        stark[i] = change(stark[i])
        const proof = encodeProofFile({
          image: file.header,
          profile: 'fast-100',
          statement: file.statement,
          stark,
        })
        expect(codeOf(await check({ proof, imageId: file.imageId }))).not.toBe('accepted')
      }
    expect(await verdictOn({ ...compute, cheats: { announce: (h) => h.fill(0) } })).toBe('shape/no-chips')
  })
})

describe('the seam between the periods of a lifted column', () => {
  const small = HONEST[2]
  const withPeriods = (periods: NonNullable<Cheats['periods']>): Forgery => ({
    ...small,
    cheats: { periods },
  })
  type Column = Parameters<NonNullable<Cheats['periods']>>[0]

  /** Twice as many of the first count that is not 0 in one period, and none in another: right on the average. */
  const uneven = (chip: string, name: string) => (column: Column) => {
    const counts = column(chip, name)
    const row = counts.findIndex((n) => n > 0)
    expect(counts[row + counts.length / 2]).toBe(counts[row])
    counts[row + counts.length / 2] = 0
    counts[row] *= 2
  }

  it('columns that repeat of themselves are accepted', async () => {
    expect(await verdictOn(withPeriods(() => {}))).toBe('accepted')
  })
  it('periods that differ where no constraint looks: not all have the claimed value at r', async () => {
    const free = withPeriods((column) => {
      column('halt', 'pc')[16 + 5] = 77
    })
    expect(await verdictOn(free)).toBe('ood/mismatch')
    expect(await verdictOn({ ...free, cheats: { ...free.cheats, mendSamples: true } })).toBe('merkle/root')
  })
  it.each([
    ['counts of the ROM', 'rom', 'count'],
    ['counts of a table', 'tables-sparse', 'n16'],
  ])(
    '%s that are right on the average: the claims balance, but no period is a witness',
    async (_, chip, name) => {
      const periods = uneven(chip, name)
      expect(await verdictOn(withPeriods(periods))).toBe('ood/mismatch')
      expect(await verdictOn({ ...small, cheats: { periods, mendSamples: true } })).toBe('merkle/root')
    },
  )
  it('an instruction that runs in some periods', async () => {
    const periods = (column: Column): void => {
      column('addi', 'en')[0] = 0
    }
    expect(await verdictOn(withPeriods(periods))).toBe('bus/unbalanced')
    expect(await verdictOn({ ...small, cheats: { ...balanced, periods } })).toBe('ood/mismatch')
  })
})

describe('the proof of one statement under another', () => {
  const reissued = async (
    header: Partial<ImageHeader>,
    statement: Partial<Statement> = {},
    trust?: string,
  ): Promise<string> => {
    const file = honest.get(HONEST.at(-1)!.source)!
    const image = { ...file.header, ...header }
    const said = { ...file.statement, imageId: imageIdOf(image), ...statement }
    const profile = image.profile === 'proven-100' ? 'proven-100' : 'fast-100'
    const proof = encodeProofFile({ image, profile, statement: said, stark: file.stark })
    return codeOf(await verify(proof, { imageId: trust ?? toHex(said.imageId), allowFailure: true }))
  }
  const file = (): Forged => honest.get(HONEST.at(-1)!.source)!

  it('the same, reissued, is accepted', async () => {
    expect(await reissued({})).toBe('accepted')
  })
  it.each<[string, () => Partial<ImageHeader>]>([
    ['another entry', () => ({ entry: file().header.entry + 4 })],
    ['an entry that is the same modulo p', () => ({ entry: file().header.entry + 2 ** 31 - 1 })],
    ['another root', () => ({ root: file().header.root.map((b, i) => (i === 7 ? b ^ 1 : b)) })],
    ['a higher ROM', () => ({ logHeights: { ...file().header.logHeights, rom: 6 } })],
    ['a higher image', () => ({ logHeights: { ...file().header.logHeights, image: 7 } })],
    ['another profile', () => ({ profile: 'proven-100', logBlowup: 2 })],
  ])('%s, with its own image id', async (_, change) => {
    const trust = file().imageId
    expect(await reissued(change(), {}, trust)).toBe('statement/image-id')
    expect(await reissued(change())).not.toBe('accepted')
  })
  it('another stack pointer', async () => {
    expect(await reissued({ sp: 0 })).toBe('file/image')
  })
  it.each<[string, (s: Statement) => Partial<Statement>]>([
    ['a journal byte', (s) => ({ journal: s.journal.map((b, i) => (i === 0 ? b ^ 1 : b)) })],
    [
      'public input that was not read',
      (s) => ({ publicInput: s.publicInput.map((b, i) => (i === 5 ? b ^ 1 : b)) }),
    ],
    ['public input that ends later', (s) => ({ publicInput: Uint8Array.of(...s.publicInput, 0) })],
    ['the count of bytes read', (s) => ({ publicConsumed: s.publicConsumed + 1 })],
    ['the exit code', () => ({ exitCode: 2 ** 32 - 1 })],
    ['the halt', () => ({ halt: 'ebreak' })],
    ['the cycles', (s) => ({ cycles: s.cycles + 1 })],
  ])('%s', async (_, change) => {
    expect(encodeStatement({ ...file().statement, ...change(file().statement) })).not.toEqual(
      encodeStatement(file().statement),
    )
    expect(await reissued({}, change(file().statement))).not.toBe('accepted')
  })
  it('a proof of the other profile', async () => {
    const slow = await forge(kernels, { ...compute, profile: 'proven-100' })
    expect(codeOf(await check(slow))).toBe('accepted')
    const { header, imageId } = honest.get(compute.source)!
    const statement = { ...slow.statement, imageId: imageIdOf(header) }
    const proof = encodeProofFile({ image: header, profile: 'fast-100', statement, stark: slow.stark })
    expect(codeOf(await check({ proof, imageId }))).not.toBe('accepted')
  })
})

describe('work on hostile bytes', () => {
  it('is bounded: the most bytes, the tallest chips, the longest statement', async () => {
    const file = honest.get(HONEST.at(-1)!.source)!
    const stark = new Uint8Array(MAX_PROOF_BYTES)
    stark.set(file.stark)
    const statement = { ...file.statement, journal: new Uint8Array(MAX_PUBLIC_BYTES - 6) }
    for (const fillHeights of [false, true]) {
      if (fillHeights) stark.fill(23, 0, 26)
      const proof = encodeProofFile({ image: file.header, profile: 'fast-100', statement, stark })
      const start = performance.now()
      expect(codeOf(await check({ proof, imageId: file.imageId }))).not.toBe('accepted')
      expect(performance.now() - start).toBeLessThan(10_000)
    }
  })
})
