import { readFile, writeFile } from 'node:fs/promises'
import { assembleElf } from '@vouch/engine/assembler'
import { beforeAll, describe, expect, it } from 'vitest'
import { vouch, workFolder } from './support.ts'
import type { Outcome } from './support.ts'

// What is private must not be found where nobody asked for it. The proof is not zero-knowledge: it does not promise to
// hide the private input from someone who computes; but the bytes themselves are in none of the files.

const folder = workFolder()
const CANARY = Uint8Array.from('c3a91f7e5bd2086413f7ae996c2d80e5'.match(/../g)!, (hex) => parseInt(hex, 16))
const INPUT = `hex:${Buffer.from(CANARY).toString('hex').repeat(2)}`
const SALT = ['--salt', `hex:${'a5'.repeat(32)}`]

/** Reads the canary in a direct call and in an audited one, and works with it: no word of it is published. */
const READS = `
  li a0, 0
  li a1, 0x20000
  li a2, 16
  li a7, 63
  ecall
  li a0, 0
  li t0, 0x20013
  li t1, 16
  li a1, 0x20100
  sw t0, 0(a1)
  sw t1, 4(a1)
  li a2, 1
  li a7, 65
  ecall
  li a1, 0x20000
  lw t0, 0(a1)
  lw t1, 4(a1)
  lw t2, 8(a1)
  lw t3, 12(a1)
  mul t0, t0, t1
  xor t0, t0, t2
  divu t0, t0, t3
  sw t0, 32(a1)
  li a7, 172
  ecall
  li a0, 77
  li a1, 0x20000
  li a2, 16
  li a7, 64
  ecall
  li a0, 3
  li a1, 0x10000
  li a2, 4
  li a7, 64
  ecall`
const EXIT = 'li a0, 0\nli a7, 93\necall'
const TRAP = 'lw a0, 1(zero)'

/** The bytes as they are, as text and in the ways that reports show bytes. */
function forms(bytes: Uint8Array): Buffer[] {
  const buffer = Buffer.from(bytes)
  const hex = buffer.toString('hex')
  const decimal = [...bytes]
  const words = Array.from({ length: bytes.length / 4 }, (_, i) => buffer.readUInt32LE(4 * i))
  const base64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), buffer]).toString('base64')
    // Without the characters that depend on the bytes around.
    return text.slice(shift === 0 ? 0 : 4, -4)
  })
  const texts = [
    hex,
    hex.toUpperCase(),
    hex.slice(0, 16),
    hex.slice(16),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    decimal.join(','),
    decimal.join(', '),
    decimal.join('\n'),
    ...words.map((word) => word.toString(16).padStart(8, '0')),
    ...words.map((word) => String(word)),
    ...words.map((word) => String(word | 0)),
    encodeURIComponent(buffer.toString('latin1')),
    buffer.toString('latin1'),
  ]
  return [buffer, buffer.subarray(0, 8), buffer.subarray(8), Buffer.from(buffer).reverse()].concat(
    texts.map((text) => Buffer.from(text)),
  )
}

const FORMS = forms(CANARY)

function expectNone(what: string, content: Uint8Array | string): void {
  const all = Buffer.from(content as Uint8Array)
  for (const form of FORMS) expect(all.includes(form), `${what}: ${form.toString('latin1')}`).toBe(false)
}

async function quiet(args: readonly string[], status: number): Promise<Outcome> {
  const outcome = await vouch(args, { cwd: folder.path('') })
  expect(outcome.status, args.join(' ') + outcome.stderr + outcome.stdout).toBe(status)
  expectNone(args.join(' '), outcome.stdout)
  expectNone(args.join(' '), outcome.stderr)
  return outcome
}

beforeAll(async () => {
  await writeFile(folder.path('good.elf'), assembleElf(`${READS}\n${EXIT}`))
  await writeFile(folder.path('trap.elf'), assembleElf(`${READS}\n${TRAP}`))
})

/** Inputs that the tests themselves wrote have no canary either; it comes by the command line. */
async function expectNoFile(...but: readonly string[]): Promise<void> {
  for (const name of await folder.names())
    if (!but.includes(name)) expectNone(name, await readFile(folder.path(name)))
}

describe('a canary in the private input', () => {
  it('would be found', () => {
    for (const text of [
      Buffer.from(CANARY).toString('hex'),
      JSON.stringify([...CANARY]),
      Buffer.from([1, ...CANARY, 2, 3]).toString('base64'),
      Buffer.from([1, 2, ...CANARY]).toString('base64'),
      Buffer.from(CANARY).toString('base64'),
    ])
      expect(FORMS.some((form) => Buffer.from(text).includes(form))).toBe(true)
  })

  it('run: is in the trace that was asked for, and nowhere else', async () => {
    for (const json of [[], ['--json']])
      await quiet(['run', 'good.elf', '--input', INPUT, '--trace', 'T', '--audit', 'A', ...SALT, ...json], 0)
    expect((await readFile(folder.path('T'))).includes(CANARY.subarray(0, 4))).toBe(true)
    await expectNoFile('T')
    await quiet(['audit', 'show', 'A'], 0)
    await quiet(['audit', 'show', 'A', '--json'], 0)
    await quiet(['audit', 'grep', 'A', '--name', 'read', '--json'], 0)
    await quiet(['audit', 'verify', 'A', '--json'], 0)
    await quiet(['run', 'good.elf', '--input', INPUT, '--audit', 'B'], 0)
    for (const json of [[], ['--json']]) {
      await quiet(['audit', 'diff', 'A', 'B', ...json], 0)
      await quiet(['trace', 'info', 'T', ...json], 0)
      await quiet(['trace', 'replay', 'T', '--elf', 'good.elf', '--input', INPUT, ...json], 0)
    }
  })

  it('run: errors', async () => {
    for (const json of [[], ['--json']]) {
      const files = ['--trace', 'T2', '--audit', 'A2']
      await quiet(['run', 'trap.elf', '--input', INPUT, ...files, ...json], 1)
      await expectNoFile('T', 'T2')
      await quiet(['run', 'good.elf', '--input', INPUT, '--max-cycles', '30', ...files, ...json], 1)
      await expectNoFile('T', 'T2')
      await quiet(['run', 'good.elf', '--input', INPUT, '--salt', INPUT.slice(0, 30), ...json], 2)
    }
  })

  it('run: what a kill leaves, and a resumption that fails', async () => {
    const left = await readFile(folder.path('A'))
    await writeFile(folder.path('A3.partial'), left.subarray(0, left.length - 20))
    const other = INPUT.replace('c3', 'c4')
    for (const json of [[], ['--json']])
      for (const input of [other, INPUT])
        await quiet(['run', 'good.elf', '--input', input, '--audit', 'A3', '--resume', ...json], 2)
    await expectNoFile('T', 'T2')
    await quiet(['run', 'good.elf', '--input', INPUT, '--audit', 'A3', '--resume', ...SALT], 0)
    await expectNoFile('T', 'T2')
  })

  it('prove and verify', async () => {
    const fast = ['--profile', 'fast-100', ...SALT]
    await quiet(['prove', 'good.elf', '--input', INPUT, '--journal', 'J', ...fast], 0)
    await quiet(['prove', 'good.elf', '--input', INPUT, '--out', 'again.vouch', '--json', ...fast], 0)
    await quiet(['prove', 'trap.elf', '--input', INPUT, ...fast], 1)
    await quiet(['prove', 'trap.elf', '--input', INPUT, '--json', ...fast], 1)
    await expectNoFile('T', 'T2')
    await writeFile(folder.path('policy.json'), '{"services":[]}')
    for (const json of [[], ['--json']]) {
      const verify = ['verify', 'good.vouch', ...json]
      await quiet([...verify, '--elf', 'good.elf'], 0)
      await quiet([...verify, '--elf', 'trap.elf'], 1)
      await quiet([...verify, '--elf', 'good.elf', '--policy', 'policy.json'], 1)
      await quiet([...verify, '--elf', 'good.elf', '--audit', 'B'], 1)
      await quiet([...verify, '--elf', 'good.elf', '--audit', 'T'], 1)
    }
  }, 180_000)
})
