import { readFile, writeFile } from 'node:fs/promises'
import { assembleElf } from '@vouch/engine/assembler'
import { describe, expect, it } from 'vitest'
import { openLog, run } from '../src/index.ts'
import { example, vouch, workFolder } from './support.ts'

const folder = workFolder()
const EXAMPLES = ['fibonacci', 'echo', 'age-check', 'sha256', 'mixed']

interface Example {
  readonly privateInput: string
  readonly publicInput: string
  readonly expectedJournal: string
  readonly expectedConsole: string
  readonly expectedExitCode: number
  readonly instructions: number
}

describe('run', () => {
  it.each(EXAMPLES)('%s gives the journal, console and exit code of its example.json', async (name) => {
    const wanted = JSON.parse(await readFile(example(`${name}/example.json`), 'utf8')) as Example
    const inputs = ['--input', wanted.privateInput, '--public-input', wanted.publicInput]
    const outcome = await vouch(['run', 'guest.elf', ...inputs, '--json'], { cwd: example(name) })
    expect(outcome.status).toBe(wanted.expectedExitCode)
    expect(Buffer.from(outcome.stderr).toString('hex')).toBe(wanted.expectedConsole)
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      ok: true,
      exitCode: wanted.expectedExitCode,
      journal: wanted.expectedJournal,
      cycles: wanted.instructions,
      halt: { kind: 'exit' },
    })
  })

  it('standard output is the guest console, the report goes to standard error', async () => {
    const outcome = await vouch(['run', example('echo/guest.elf'), '--public-input', '-'], { stdin: 'hello' })
    expect(outcome).toMatchObject({ status: 0, stdout: 'hello' })
    expect(outcome.stderr).toMatch(
      /^halt +exit with code 0.*\njournal +68656c6c6f {2}"hello"\ncycles .*\ntime .*cycles\/s/,
    )
  })

  it.each([
    ['exit code 3', 'li a0, 3\nli a7, 93\necall', 'exit', { exitCode: 3 }],
    [
      'trap',
      'lw a0, 1(zero)',
      'trap',
      { halt: { cause: 'misaligned-load', pc: '0x00010000', address: '0x00000001' } },
    ],
    ['limit', 'loop:\nj loop', 'limit', { cycles: 1000 }],
  ])('%s: status 1', async (_name, source, kind, more) => {
    await writeFile(folder.path('guest.elf'), assembleElf(source))
    const outcome = await vouch(['run', folder.path('guest.elf'), '--max-cycles', '1000', '--json'])
    expect(outcome.status).toBe(1)
    expect(JSON.parse(outcome.stdout)).toMatchObject({ ok: false, error: { code: `guest/${kind}` }, ...more })
  })

  it('Ctrl-C ends an endless loop with 130', async () => {
    await writeFile(
      folder.path('loop.elf'),
      assembleElf('li a0, 2\nli a1, 0x10000\nli a2, 1\nli a7, 64\necall\nloop:\nj loop'),
    )
    const outcome = await vouch(['run', folder.path('loop.elf')], {
      interruptWhen: (stderr) => stderr.length > 0,
    })
    expect(outcome.status).toBe(130)
    expect(outcome.stderr).toContain('error: cancelled')
  })

  it('the SDK runs in process', async () => {
    const shown: string[] = []
    const result = run(await readFile(example('echo/guest.elf')), {
      publicInput: new TextEncoder().encode('hi'),
      onConsole: (fd, bytes) => shown.push(`${fd} ${new TextDecoder().decode(bytes)}`),
    })
    expect(result).toMatchObject({ halt: { kind: 'exit', code: 0 }, cycles: 51 })
    expect(new TextDecoder().decode(result.journal)).toBe('hi')
    expect(shown).toEqual(['1 hi'])
    const log = openLog(result.audit!)
    expect(log.ok && log.records.at(-1)?.record.outcome).toBe('noreturn')
  })
})

describe('security', () => {
  it('prints every term, and the bits of the profile', async () => {
    const { status, stdout } = await vouch([
      'security',
      '--profile',
      'fast-100',
      '--cycles',
      '150000',
      '--json',
    ])
    expect(status).toBe(0)
    const report = JSON.parse(stdout) as {
      security: { provenBits: number }
      regimes: { provenUDR: { terms: { name: string; bits: number }[] } }
    }
    expect(report.security.provenBits).toBeGreaterThanOrEqual(100)
    const names = report.regimes.provenUDR.terms.map((term) => term.name)
    expect(names).toEqual(
      expect.arrayContaining(['LogUp', 'ALI', 'DEEP', 'batching', 'commit 1', 'query', 'hash']),
    )
    const { stdout: text } = await vouch(['security'])
    for (const name of names.slice(0, 5)) expect(text).toContain(name)
  })
})
