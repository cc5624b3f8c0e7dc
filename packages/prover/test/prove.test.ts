import { MAX_STREAM_BYTES } from '@vouch/bridge'
import { ElfError } from '@vouch/engine'
import { assembleElf } from '@vouch/engine/assembler'
import { MAX_PUBLIC_BYTES, verify } from '@vouch/verifier'
import { describe, expect, it } from 'vitest'
import { ProverError, prove } from '../src/index.ts'
import type { ProveOptions } from '../src/index.ts'

const exit = 'li a7, 93\nli a0, 0\necall'
const nothing = assembleElf(exit)
/** Reads one byte of each input. */
const reader = assembleElf(
  ['li a7, 63', 'la a1, 0x20000', 'li a2, 1', 'li a0, 0', 'ecall', 'li a0, 4', 'ecall', exit].join('\n'),
)
const fast = { profile: 'fast-100' } as const

const refused = async (elf: Uint8Array, options: ProveOptions = {}): Promise<ProverError> => {
  const error: unknown = await prove(elf, { ...fast, ...options }).catch((e: unknown) => e)
  expect(error).toBeInstanceOf(ProverError)
  return error as ProverError
}

describe('what cannot be proved', () => {
  it('a trap: cause, pc and cycle', async () => {
    const error = await refused(assembleElf('nop\nlw a0, 1(zero)'))
    expect(error).toMatchObject({ code: 'guest/trap', cause: 'misaligned-load', pc: 0x10004, cycle: 2 })
  })
  it('a run past its limit', async () => {
    const error = await refused(assembleElf('loop:\nj loop'), { maxCycles: 1000 })
    expect(error).toMatchObject({ code: 'guest/limit', pc: 0x10000, cycle: 1000 })
  })
  it('a malformed ELF', async () => {
    await expect(prove(nothing.subarray(0, 60), fast)).rejects.toThrow(ElfError)
  })
  it.each<[string, ProveOptions]>([
    ['public', { publicInput: new Uint8Array(MAX_PUBLIC_BYTES + 1) }],
    ['private', { privateInput: new Uint8Array(MAX_STREAM_BYTES + 1) }],
  ])('a %s input that is too long', async (_, options) => {
    expect((await refused(nothing, options)).code).toBe('prover/too-large')
  })
  it('more journal than fits beside the public input', async () => {
    const writer = assembleElf(`li a7, 64\nli a0, 3\nla a1, 0x20000\nli a2, 8\necall\n${exit}`)
    const error = await refused(writer, { publicInput: new Uint8Array(MAX_PUBLIC_BYTES - 7) })
    expect(error.code).toBe('prover/too-large')
  })
  it('what the estimate says will not fit, before it starts', async () => {
    const phases: string[] = []
    const error = await refused(nothing, {
      maxMemoryBytes: 1000,
      onProgress: (p) => phases.push(p.phase),
    })
    expect(error.code).toBe('prover/out-of-memory')
    expect(new Set(phases)).toEqual(new Set(['run']))
  })
})

describe('cancelling', () => {
  it.each(['run', 'image', 'fill', 'main', 'gkr', 'composition', 'deep', 'fri', 'openings'])(
    'in phase %s ends the proof, and the next one works',
    async (phase) => {
      const signal = { aborted: false }
      const error = await refused(nothing, {
        signal,
        onProgress: (p) => {
          if (p.phase === phase) signal.aborted = true
        },
      })
      expect(error.code).toBe('prover/aborted')
      expect((await prove(nothing, fast)).exitCode).toBe(0)
    },
  )
  it('stops a guest that loops forever', async () => {
    const signal = { aborted: false }
    setTimeout(() => (signal.aborted = true), 30)
    expect((await refused(assembleElf('loop:\nj loop'), { signal })).code).toBe('prover/aborted')
  })
})

describe('a proof', () => {
  it('is the same on any number of threads', async () => {
    const proofs: Uint8Array[] = []
    for (const threads of [1, 2]) proofs.push((await prove(nothing, { ...fast, threads })).proof)
    expect(proofs[1]).toEqual(proofs[0])
  })
  it('says what of the inputs was not read, and nothing of what it was', async () => {
    const privateInput = new TextEncoder().encode('CANARY-7f3a')
    const { report } = await prove(reader, { ...fast, privateInput, publicInput: new Uint8Array(3) })
    expect(report.warnings).toEqual([
      'the guest read 1 of the 11 bytes of the private input',
      'the guest read 1 of the 3 bytes of the public input',
    ])
    expect(JSON.stringify(report)).not.toContain('CANARY')
    expect(report.zeroKnowledge).toBe(false)
  })
  it('waits for the one before, and is the same bytes as alone', async () => {
    const alone = (await prove(nothing, fast)).proof
    const both = await Promise.all([prove(nothing, fast), prove(reader, fast), prove(nothing, fast)])
    expect(both[0].proof).toEqual(alone)
    expect(both[2].proof).toEqual(alone)
    expect(await verify(both[1].proof, { imageId: both[1].imageId })).toMatchObject({ ok: true })
  })
})
