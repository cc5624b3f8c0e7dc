import { assembleElf } from '@vouch/engine/assembler'
import { beforeAll, describe, expect, it } from 'vitest'
import { imageId, prove } from '../../prover/src/index.ts'
import { encodeStatement } from '@vouch/machine'
import { MAX_PUBLIC_BYTES, decodeProofFile, encodeProofFile, verify } from '../src/index.ts'

// Journal: the public input's first four bytes plus one private byte, each.
const elf = assembleElf(`
  la s0, 0x20000
  li a7, 63
  li a0, 4
  mv a1, s0
  li a2, 4
  ecall
  li a0, 0
  addi a1, s0, 8
  li a2, 1
  ecall
  lbu t1, 8(s0)
  lw t0, 0(s0)
  add t0, t0, t1
  sw t0, 0(s0)
  li a7, 64
  li a0, 3
  mv a1, s0
  li a2, 4
  ecall
  li a7, 93
  li a0, 0
  ecall
`)
const publicInput = new Uint8Array([10, 20, 30, 40])
const privateInput = new Uint8Array([5])
const journal = new Uint8Array([15, 20, 30, 40])

let proof: Uint8Array
let id: string

beforeAll(async () => {
  id = await imageId(elf, 'fast-100')
  proof = (await prove(elf, { profile: 'fast-100', privateInput, publicInput })).proof
})

const rejected = async (bytes: Uint8Array, options: Partial<Parameters<typeof verify>[1]> = {}) => {
  const verdict = await verify(bytes, { imageId: id, publicInput, ...options })
  expect(verdict.ok).toBe(false)
  return verdict.ok ? undefined : verdict.failure
}

const changed = (at: number, value: (before: number) => number): Uint8Array => {
  const copy = proof.slice()
  copy[at] = value(copy[at]!)
  return copy
}

describe('an honest proof', () => {
  it('is accepted, with everything it says', async () => {
    const verdict = await verify(proof, { imageId: id, publicInput, journal })
    expect(verdict).toMatchObject({
      ok: true,
      imageId: id,
      profile: 'fast-100',
      publicInput,
      publicConsumed: 4,
      journal,
      halt: 'exit',
      exitCode: 0,
      zeroKnowledge: false,
    })
    expect(verdict.ok && verdict.security.provenUDR.bits).toBeGreaterThanOrEqual(100)
  })

  it('is the same bytes from both kernels', async () => {
    const other = await prove(elf, { profile: 'fast-100', privateInput, publicInput, kernels: 'reference' })
    expect(other.proof).toEqual(proof)
  })

  it('is encoded canonically', () => {
    expect(encodeProofFile(decodeProofFile(proof))).toEqual(proof)
  })
})

describe('the file around the proof', () => {
  it.each<[string, () => Uint8Array]>([
    ['file/truncated', () => proof.subarray(0, 51)],
    ['file/truncated', () => proof.subarray(0, 60)],
    ['file/magic', () => changed(0, (b) => b ^ 1)],
    ['file/version', () => changed(6, () => 1)],
    ['file/profile', () => changed(8, () => 3)],
    ['file/reserved', () => changed(11, () => 1)],
    ['file/image-heights', () => changed(9, () => 25)],
    ['file/image', () => changed(9, (b) => b + 1)],
    ['file/image', () => changed(12, (b) => b ^ 4)],
    ['file/image', () => changed(16, (b) => b ^ 1)],
    ['file/image', () => changed(8, () => 2)],
    ['statement/too-large', () => changed(51, () => 0x7f)],
    ['statement/length', () => changed(48, (b) => b + 1)],
    ['proof/truncated', () => proof.subarray(0, proof.length - 1)],
    ['proof/trailing-bytes', () => new Uint8Array([...proof, 0])],
    ['file/too-large', () => new Uint8Array(2 ** 25)],
  ])('%s', async (code, bytes) => {
    expect((await rejected(bytes()))?.code).toBe(code)
  })
})

describe('the statement', () => {
  it('of one public byte more than is read is rejected, where room for an audit log hides it', async () => {
    const { statement, stark } = decodeProofFile(proof)
    const long = { ...statement, journal: new Uint8Array(MAX_PUBLIC_BYTES - publicInput.length + 1) }
    const said = encodeStatement(long)
    const bytes = new Uint8Array([...proof.subarray(0, 52), ...said, ...stark])
    new DataView(bytes.buffer).setUint32(48, said.length, true)
    expect(await rejected(bytes)).toMatchObject({ code: 'statement/too-large', got: MAX_PUBLIC_BYTES + 1 })
  })

  it('of another program is rejected', async () => {
    const other = await imageId(assembleElf('nop\nli a7, 93\necall'), 'fast-100')
    expect(await rejected(proof, { imageId: other })).toMatchObject({ code: 'statement/image-id', got: id })
  })

  it('about another public input or journal is rejected', async () => {
    const failure = await rejected(proof, { publicInput: new Uint8Array([10, 20, 30, 41]) })
    expect(failure?.code).toBe('statement/public-input')
    expect((await rejected(proof, { journal: new Uint8Array([15, 20, 30]) }))?.code).toBe('statement/journal')
  })

  it('cannot be rewritten: any field changed in the file breaks the proof', async () => {
    const file = decodeProofFile(proof)
    const { statement } = file
    const lies: Partial<typeof statement>[] = [
      { journal: new Uint8Array([16, 20, 30, 40]) },
      { journal: new Uint8Array([15, 20, 30]) },
      { journal: new Uint8Array([15, 20, 30, 40, 0]) },
      { publicInput: new Uint8Array([11, 20, 30, 40]) },
      { publicInput: new Uint8Array([10, 20, 30, 40, 50]) },
      { publicConsumed: 3 },
      { cycles: statement.cycles + 1 },
      { cycles: statement.cycles - 1 },
      { exitCode: 1 },
      { halt: 'ebreak' },
    ]
    for (const lie of lies) {
      const bytes = encodeProofFile({ ...file, statement: { ...statement, ...lie } })
      const verdict = await verify(bytes, { imageId: id, allowFailure: true })
      expect(verdict, JSON.stringify(lie)).toMatchObject({ ok: false })
    }
  })

  it('of a failed run is rejected unless allowed', async () => {
    const failing = assembleElf('li a7, 93\nli a0, 3\necall')
    const made = await prove(failing, { profile: 'fast-100' })
    const options = { imageId: made.imageId }
    expect(await verify(made.proof, options)).toMatchObject({
      ok: false,
      failure: { code: 'guest/exit-code', expected: 0, got: 3 },
    })
    expect(await verify(made.proof, { ...options, allowFailure: true })).toMatchObject({
      ok: true,
      exitCode: 3,
    })
  })

  it('below the bits asked for is rejected', async () => {
    expect((await rejected(proof, { minBits: 101 }))?.code).toBe('security/below-target')
  })
})

describe('hostile bytes', () => {
  it('never throw, whatever is flipped', async () => {
    let seed = 7
    const codes = new Set<string>()
    for (let i = 0; i < 150; i++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      const at = i < 60 ? i * 2 : seed % proof.length
      const failure = await rejected(
        changed(at, (b) => b ^ (1 << (seed >>> 29))),
        { allowFailure: true },
      )
      codes.add(failure!.code)
    }
    expect(codes.size).toBeGreaterThan(4)
  })

  it('never throw, wherever the file is cut, and random bytes neither', async () => {
    for (let i = 0; i < 60; i++) {
      await rejected(proof.subarray(0, Math.floor((proof.length * i) / 60)))
      await rejected(Uint8Array.from({ length: i * 17 }, (_, j) => (j * 31 + i * 7) & 255))
    }
  })

  it('a megabyte of journal costs time, not memory, and is rejected', async () => {
    const file = decodeProofFile(proof)
    const long = encodeProofFile({
      ...file,
      statement: { ...file.statement, journal: new Uint8Array(2 ** 20 - 4) },
    })
    expect((await rejected(long))?.code).toBe('bus/unbalanced')
  })

  it('a wrong image id, or bits that are no number, are the caller’s mistake', async () => {
    await expect(verify(proof, { imageId: 'abc' })).rejects.toThrow(TypeError)
    await expect(verify(proof, { imageId: id, minBits: NaN })).rejects.toThrow(TypeError)
  })
})
