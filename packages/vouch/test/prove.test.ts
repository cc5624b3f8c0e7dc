import { readFile, writeFile } from 'node:fs/promises'
import { assembleElf } from '@vouch/engine/assembler'
import { imageId } from '@vouch/prover'
import { PROFILES } from '@vouch/stark'
import { beforeAll, describe, expect, it } from 'vitest'
import { verify } from '../src/index.ts'
import { DEFAULT_PROFILE, PROFILE_NAMES } from '../src/options.ts'
import { example, vouch, workFolder } from './support.ts'
import type { Outcome } from './support.ts'

const folder = workFolder()
const FIBONACCI = example('fibonacci/guest.elf')
const ECHO = example('echo/guest.elf')
const MIXED = ['prove', example('mixed/guest.elf'), '--public-input', 'hex:40000000']
const INPUT = 'hex:0a000000'
const JOURNAL = '0a00000037000000'
const OUT = 'fib.vouch'

const inFolder = (args: readonly string[], more: Parameters<typeof vouch>[1] = {}): Promise<Outcome> =>
  vouch(args, { cwd: folder.path(''), ...more })
const json = (outcome: Outcome): Record<string, unknown> =>
  JSON.parse(outcome.stdout) as Record<string, unknown>

let proved: Outcome
let proof: Uint8Array
let elf: Uint8Array

beforeAll(async () => {
  const args = [
    '--public-input',
    INPUT,
    '--profile',
    'fast-100',
    '--out',
    OUT,
    '--journal',
    'j.bin',
    '--json',
  ]
  proved = await inFolder(['prove', FIBONACCI, ...args])
  proof = Uint8Array.from(await readFile(folder.path(OUT)))
  elf = Uint8Array.from(await readFile(FIBONACCI))
}, 120_000)

describe('prove', () => {
  it('prints one JSON document, progress goes to standard error', () => {
    expect(proved.status).toBe(0)
    expect(json(proved)).toMatchObject({
      ok: true,
      imageId: expect.stringMatching(/^[0-9a-f]{64}$/),
      profile: 'fast-100',
      journal: JOURNAL,
      exitCode: 0,
      cycles: expect.any(Number),
      cells: expect.any(Number),
      proofBytes: proof.length,
      seconds: expect.any(Number),
      peakMemoryBytes: expect.any(Number),
      zeroKnowledge: false,
      verified: true,
      verifySeconds: expect.any(Number),
      out: OUT,
    })
    const { security } = json(proved) as { security: { provenBits: number } }
    expect(security.provenBits).toBeGreaterThanOrEqual(100)
    expect(proved.stderr).toMatch(/cycles, .* cells: about .* of memory to prove/)
  })

  it('writes the proof and the journal, and nothing else', async () => {
    expect((await readFile(folder.path('j.bin'))).toString('hex')).toBe(JOURNAL)
    expect(await folder.names()).toEqual([OUT, 'j.bin'])
  })

  it('profile names and default are those of the packages', async () => {
    expect(PROFILE_NAMES).toEqual(Object.keys(PROFILES))
    expect(await imageId(elf)).toBe(await imageId(elf, DEFAULT_PROFILE))
    const printed = await vouch(['image-id', FIBONACCI, '--profile', 'fast-100'])
    expect(printed.stdout).toBe(`${String(json(proved)['imageId'])}\n`)
  })
})

describe('verify', () => {
  it('accepts in another process, and says what was proved', async () => {
    const byElf = await inFolder(['verify', OUT, '--elf', FIBONACCI])
    expect(byElf.status).toBe(0)
    for (const line of [
      /^verdict +accepted$/m,
      /^exit code +0/m,
      /proven bits/,
      /^zero-knowledge +no/m,
      /^time /m,
    ])
      expect(byElf.stdout).toMatch(line)
    const id = String(json(proved)['imageId'])
    const more = ['--public-input', INPUT, '--journal', `hex:${JOURNAL}`, '--min-bits', '100', '--json']
    const byId = await inFolder(['verify', OUT, '--image-id', id, ...more])
    expect(byId.status).toBe(0)
    expect(json(byId)).toMatchObject({
      ok: true,
      imageId: id,
      journal: JOURNAL,
      exitCode: 0,
      proofBytes: proof.length,
    })
  })

  it.each([
    ['another ELF', ['--elf', ECHO], 'statement/image-id'],
    ['another image id', ['--image-id', '00'.repeat(32)], 'statement/image-id'],
    [
      'another public input',
      ['--elf', FIBONACCI, '--public-input', 'hex:0b000000'],
      'statement/public-input',
    ],
    ['another journal', ['--elf', FIBONACCI, '--journal', 'text:no'], 'statement/journal'],
    ['more bits than there are', ['--elf', FIBONACCI, '--min-bits', '110'], 'security/below-target'],
  ])('rejects %s', async (_name, args, code) => {
    const outcome = await inFolder(['verify', OUT, ...args, '--json'])
    expect(outcome.status).toBe(1)
    expect(json(outcome)).toMatchObject({ ok: false, failure: { code } })
    expect(Object.keys(json(outcome)['failure'] as object)).toEqual(['code', 'message', 'expected', 'got'])
  })

  it.each([
    ['cut', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1)],
    ['extended', (bytes: Uint8Array) => Buffer.concat([bytes, Uint8Array.of(0)])],
    ['empty', () => new Uint8Array(0)],
    ['no proof', () => new TextEncoder().encode('a text of some length, but not a proof'.repeat(9))],
  ])('rejects a file that is %s', async (name, change) => {
    await writeFile(folder.path(`bad-${name}`), change(proof))
    const outcome = await inFolder(['verify', `bad-${name}`, '--elf', FIBONACCI])
    expect(outcome.status).toBe(1)
    expect(outcome.stdout).toMatch(/^verdict +REJECTED\ncheck +\S+\/\S+\nbecause /)
  })

  it('rejects a flipped bit anywhere', async () => {
    for (let i = 0; i < 48; i++) {
      const bad = proof.slice()
      const at = Math.floor((i * (bad.length - 1)) / 47)
      bad[at]! ^= 1 << (i % 8)
      expect(await verify(bad, { elf }), `byte ${at}`).toMatchObject({ ok: false })
    }
  })

  it('the SDK wants exactly one of elf and imageId', async () => {
    await expect(verify(proof, {} as never)).rejects.toThrow(TypeError)
    expect(await verify(proof, { elf })).toMatchObject({ ok: true, profile: 'fast-100' })
  })

  it('a failed run is accepted only on request', async () => {
    await writeFile(folder.path('three.elf'), assembleElf('li a0, 3\nli a7, 93\necall'))
    const made = await inFolder([
      'prove',
      'three.elf',
      '--profile',
      'fast-100',
      '--quiet',
      '--input',
      'text:unread',
    ])
    expect(made.status).toBe(0)
    expect(made.stderr).toBe(
      'warning: the guest read 0 of the 6 bytes of the private input\n' +
        'warning: the guest ended with exit code 3; verify needs --allow-failure\n',
    )
    const refused = await inFolder(['verify', 'three.vouch', '--elf', 'three.elf', '--json'])
    expect(refused.status).toBe(1)
    expect(json(refused)).toMatchObject({ failure: { code: 'guest/exit-code', expected: 0, got: 3 } })
    const allowed = await inFolder([
      'verify',
      'three.vouch',
      '--elf',
      'three.elf',
      '--allow-failure',
      '--json',
    ])
    expect(allowed.status).toBe(0)
    expect(json(allowed)).toMatchObject({ ok: true, exitCode: 3 })
  })
})

describe('a proof that cannot be made leaves nothing behind', () => {
  const SECRET = '5ec4e7c0ffee'

  it.each([
    ['endless loop', 'loop:\nj loop', ['--max-cycles', '1000'], 1, 'guest/limit'],
    ['illegal instruction', '.word 0xffffffff', [], 1, 'guest/trap'],
    ['unaligned load', 'li a0, 0x10001\nlw a1, 0(a0)', [], 1, 'guest/trap'],
    ['store outside RAM', 'li a0, 0x40000000\nsw a1, 0(a0)', [], 1, 'guest/trap'],
    ['unknown syscall', 'li a7, 1000\necall', [], 1, 'guest/trap'],
    ['too little memory', 'li a7, 93\necall', ['--max-memory', '1MiB'], 1, 'prover/out-of-memory'],
  ])('%s', async (name, source, flags, status, code) => {
    await writeFile(folder.path('guest.elf'), assembleElf(source))
    const before = await folder.names()
    const args = [
      'prove',
      'guest.elf',
      '--input',
      `text:${SECRET}`,
      '--out',
      'never.vouch',
      '--journal',
      'never.bin',
    ]
    const outcome = await inFolder([...args, ...flags, '--json'])
    expect(json(outcome), name).toMatchObject({ ok: false, error: { code } })
    expect(outcome.status).toBe(status)
    expect(outcome.stdout + outcome.stderr).not.toContain(SECRET)
    expect(await folder.names()).toEqual(before)
  })

  it('a trap names pc, function and cycle', async () => {
    await writeFile(folder.path('guest.elf'), assembleElf('nop\n.word 0xffffffff'))
    const outcome = await inFolder(['prove', 'guest.elf', '--json'])
    expect(json(outcome)['error']).toMatchObject({ pc: '0x00010004', cycle: 2 })
  })

  it('a truncated ELF, and no ELF at all', async () => {
    const before = await folder.names()
    await writeFile(folder.path('cut.elf'), elf.subarray(0, 700))
    for (const [file, code] of [
      ['cut.elf', 'elf/truncated'],
      [OUT, 'elf/magic'],
    ] as const)
      for (const command of ['prove', 'run', 'image-id']) {
        const outcome = await inFolder([command, file, '--json'])
        expect(outcome.status).toBe(2)
        expect(json(outcome)).toMatchObject({ ok: false, error: { code } })
      }
    expect(await folder.names()).toEqual([...before, 'cut.elf'].sort())
  })

  it('an output that cannot be written fails before the work', async () => {
    for (const out of ['missing/x.vouch', '.', '/dev/null']) {
      const outcome = await inFolder([...MIXED, '--out', out])
      expect(outcome.status).toBe(2)
      expect(outcome.stderr).toMatch(/^error: --out: /)
    }
    const same = await inFolder(['prove', 'guest.elf', '--out', './guest.elf'])
    expect(same).toMatchObject({ status: 2, stderr: expect.stringContaining('are the same file') })
  })

  it('Ctrl-C ends with 130, keeps the old file and removes the temporary one', async () => {
    const before = await folder.names()
    const outcome = await inFolder([...MIXED, '--out', OUT, '--journal', 'never.bin'], {
      interruptWhen: (stderr) => stderr.includes('main ('),
    })
    expect(outcome).toMatchObject({ status: 130, stdout: '' })
    expect(outcome.stderr).toMatch(/error: cancelled\n$/)
    expect(await folder.names()).toEqual(before)
    expect(Buffer.from(proof).equals(await readFile(folder.path(OUT)))).toBe(true)
  })
})
