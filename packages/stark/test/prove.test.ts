import { describe, expect, it } from 'vitest'
import type { Kernels } from '../src/kernels/kernels.ts'
import { estimateProof } from '../src/estimate.ts'
import { createKernels } from '../src/kernels/create.ts'
import { Misuse } from '../src/failure.ts'
import { PROFILES } from '../src/profiles.ts'
import { ProverAborted } from '../src/progress.ts'
import type { Progress } from '../src/progress.ts'
import { UnsatisfiedWitness, prove } from '../src/prove.ts'
import { InsecureParameters } from '../src/security-report.ts'
import { isGround } from '../src/transcript.ts'
import { QM31_BLAKE3 } from '../src/suite.ts'
import { verify } from '../src/verify.ts'
import { kernelsWith, spoiled } from './helpers/spoiled.ts'
import { closeThreads, threadedKernels } from './helpers/threads.ts'
import { lighter, toy, toyAir } from './helpers/toy.ts'

const BITS = 79

/** Reference kernels that grind with the verifier's hash, which is quicker. */
async function grinding(): Promise<Kernels> {
  return spoiled(await kernelsWith(), {
    grind(seed, bits, from, count) {
      for (let nonce = from; nonce < from + count; nonce++)
        if (isGround(QM31_BLAKE3, seed, bits, nonce)) return nonce
      return undefined
    },
  })
}

describe('prove', () => {
  it.each(['fast-100', 'proven-100'] as const)('%s: 100 proven bits', async (profile) => {
    const { kernels, vk, statement, witness } = toy(await grinding(), profile)
    const { proof, report } = await prove(kernels, vk, statement, witness)
    const verdict = verify(vk, statement, proof)
    expect(verdict).toMatchObject({ ok: true })
    expect(report.security.provenUDR.bits).toBeGreaterThanOrEqual(100)
    expect(report.proofBytes).toBe(proof.length)
    expect(verify({ ...vk, profile: PROFILES['fast-100'] }, statement, proof).ok).toBe(profile === 'fast-100')
  })

  it.each([
    ['two FRI layers', { fibonacciLog: 10 }, [10, 7, 6, 8, 4, 0]],
    ['an absent chip', { idle: false }, [5, 7, 6, 8, 0, 0]],
    ['a tree of the statement', { image: true }, [5, 7, 6, 8, 4, 5]],
  ] as const)('%s', async (_, options, logHeights) => {
    for (const profile of ['fast-100', 'proven-100'] as const) {
      const t = toy(await kernelsWith(), profile, options)
      const vk = lighter(t.vk, BITS)
      const { proof } = await prove(t.kernels, vk, t.statement, t.witness)
      expect(verify(vk, t.statement, proof, { minBits: BITS })).toMatchObject({ ok: true, logHeights })
    }
  })

  it('lifts everything to 2^7 when all chips are lower', async () => {
    const t = toy(await kernelsWith(), 'fast-100', { image: true, idle: false })
    const chips = t.witness.chips.map((c, i) => (i === 5 ? c : undefined))
    const statement = { ...t.statement, publicTerms: { count: 0, sum: () => [0, 0, 0, 0] as const } }
    const vk = lighter(t.vk, BITS)
    const { proof } = await prove(t.kernels, vk, statement, { ...t.witness, chips })
    const verdict = verify(vk, statement, proof, { minBits: BITS })
    expect(verdict).toMatchObject({ ok: true, security: { shape: { logHeight: 7 } } })
  })

  it('gives equal bytes twice, leaves the columns alone and gives its memory back', async () => {
    const t = toy(await kernelsWith())
    const vk = lighter(t.vk, BITS)
    const column = t.columns[0]![1]
    const before = t.kernels.words(column, 32).slice()
    const { words } = t.kernels.usage
    const first = await prove(t.kernels, vk, t.statement, t.witness)
    const second = await prove(t.kernels, vk, t.statement, t.witness)
    expect(second.proof).toEqual(first.proof)
    expect(t.kernels.words(column, 32)).toEqual(before)
    expect(t.kernels.usage.words).toBe(words)
    expect(first.report.peakWords).toBeGreaterThan(words)
    const logs = [5, 7, 6, 8, 4]
    const main = logs.reduce((s, log, i) => s + toyAir.chips[i].columns.length * 2 ** log, 0)
    // Eight columns a height for the sums.
    const cells = main + logs.reduce((s, log) => s + 8 * 2 ** log, 0)
    expect(first.report.cells).toBe(cells)
    const estimate = estimateProof(vk, t.statement, [...logs, 0])
    expect(estimate.cells).toBe(cells)
    // Each allocation is rounded up to 16 bytes, and small columns make that visible.
    const took = (first.report.peakWords - words) / estimate.proverWords
    expect(took).toBeGreaterThanOrEqual(1)
    expect(took).toBeLessThan(1.05)
  })

  it('gives equal bytes on wasm and on reference kernels', async () => {
    const wasm = await createKernels({ kind: 'wasm' })
    for (const profile of ['fast-100', 'proven-100'] as const) {
      const [a, b] = [await kernelsWith(), wasm].map((k) =>
        toy(k, profile, { fibonacciLog: 10, image: true }),
      )
      const vk = lighter(a.vk, 100, { logup: 8, ood: 5, batching: 3, query: 9 })
      const expected = await prove(a.kernels, vk, a.statement, a.witness)
      const got = await prove(b.kernels, vk, b.statement, b.witness)
      expect(got.proof).toEqual(expected.proof)
    }
  })

  it('gives equal bytes on any number of threads', async () => {
    const proofs: Uint8Array[] = []
    for (const threads of [1, 2, 3]) {
      const t = toy(await threadedKernels(threads), 'proven-100', { fibonacciLog: 10, image: true })
      const vk = lighter(t.vk, 100, { logup: 8, ood: 5, batching: 3, query: 9 })
      proofs.push((await prove(t.kernels, vk, t.statement, t.witness)).proof)
    }
    closeThreads()
    expect(proofs[1]).toEqual(proofs[0])
    expect(proofs[2]).toEqual(proofs[0])
  })

  it('tells of its phases in order', async () => {
    const t = toy(await kernelsWith())
    const seen: Progress[] = []
    const { report } = await prove(t.kernels, lighter(t.vk, BITS), t.statement, t.witness, {
      onProgress: (p) => void seen.push(p),
    })
    const names = ['main', 'fractions', 'gkr', 'sums', 'composition', 'sampling', 'deep', 'fri', 'openings']
    expect([...new Set(seen.map((p) => p.phase))]).toEqual(names)
    expect(report.phases.map((p) => p.name)).toEqual(names)
    expect(seen.every((p) => p.done <= p.total)).toBe(true)
  })

  it('stops when the signal is raised, and gives its memory back', async () => {
    const t = toy(await kernelsWith())
    const { words } = t.kernels.usage
    const signal = { aborted: false }
    const run = prove(t.kernels, lighter(t.vk, BITS), t.statement, t.witness, {
      signal,
      onProgress: ({ phase }) => {
        if (phase === 'composition') signal.aborted = true
      },
    })
    await expect(run).rejects.toBeInstanceOf(ProverAborted)
    expect(t.kernels.usage.words).toBe(words)
  })

  it('finds a false witness itself', async () => {
    const broken = toy(await kernelsWith())
    broken.kernels.words(broken.columns[2]![2], 64)[60] = 1
    const vk = lighter(broken.vk, BITS)
    await expect(prove(broken.kernels, vk, broken.statement, broken.witness)).rejects.toThrow(/constraint/)
    const unbalanced = toy(await kernelsWith())
    unbalanced.kernels.words(unbalanced.columns[3]![0], 256)[3] += 1
    const run = prove(unbalanced.kernels, vk, unbalanced.statement, unbalanced.witness)
    await expect(run).rejects.toBeInstanceOf(UnsatisfiedWitness)
  })

  it('refuses inputs that do not fit together', async () => {
    const t = toy(await kernelsWith())
    const vk = lighter(t.vk, BITS)
    const { chips, preprocessed } = t.witness
    const short = chips.map((c, i) => (i === 0 ? { ...c!, main: [] } : c))
    const tall = chips.map((c, i) => (i === 0 ? { ...c!, logHeight: 11 } : c))
    const run = (witness: typeof t.witness): Promise<unknown> => prove(t.kernels, vk, t.statement, witness)
    await expect(run({ chips: short, preprocessed })).rejects.toBeInstanceOf(Misuse)
    await expect(run({ chips: tall, preprocessed })).rejects.toBeInstanceOf(Misuse)
    await expect(run({ chips, preprocessed: {} })).rejects.toBeInstanceOf(Misuse)
    await expect(run({ chips, preprocessed: { tables: preprocessed.image } })).rejects.toBeInstanceOf(Misuse)
    await expect(prove(t.kernels, lighter(t.vk, 128), t.statement, t.witness)).rejects.toBeInstanceOf(
      InsecureParameters,
    )
  })
})
