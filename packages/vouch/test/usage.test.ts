import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { vouch, workFolder } from './support.ts'

const folder = workFolder()
const SECRET = '5ec4e7c0ffee'

const COMMANDS = [
  ['prove'],
  ['verify'],
  ['run'],
  ['image-id'],
  ['security'],
  ['trace'],
  ['trace', 'info'],
  ['trace', 'show'],
  ['trace', 'find'],
  ['trace', 'replay'],
]

describe('help', () => {
  it.each(COMMANDS)('vouch %s %s --help has an example', async (...command) => {
    const { status, stdout, stderr } = await vouch([...command, '--help'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain(`$ vouch ${command[0]}`)
  })

  it('documents exit statuses and SPEC', async () => {
    const { stdout } = await vouch(['--help'])
    for (const line of [
      '  0    success',
      '  1    the proof',
      '  2    misuse',
      '  130  cancelled',
      'hex:<digits>',
    ])
      expect(stdout).toContain(line)
  })

  it('prints the version of the package', async () => {
    const manifest = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    expect(await vouch(['--version'])).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: '' })
  })

  it('no command is misuse', async () => {
    for (const args of [[], ['trace']]) {
      const { status, stdout, stderr } = await vouch(args)
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      expect(stderr).toContain('Usage: vouch')
    }
  })
})

describe('misuse', () => {
  it.each([
    ['prov x', "unknown command 'prov' (Did you mean prove?)"],
    ['trace shw x', "unknown command 'shw' (Did you mean show?)"],
    ['prove x --inptu hex:00', "unknown option '--inptu' (Did you mean --input?)"],
    ['verify x --elf', "option '--elf <file>' argument missing"],
    ['verify x', 'either --elf or --image-id'],
    ['verify x --elf a --image-id ' + '00'.repeat(32), 'either --elf or --image-id'],
    ['verify x --image-id abc', '--image-id: expected 64 hex digits'],
    ['verify x --elf a --min-bits 1e2', '--min-bits: expected a whole number'],
    ['prove', "missing required argument 'elf'"],
    ['run a b', 'too many arguments'],
    ['run a --json=yes', 'too many arguments'],
    ['run a --max-cycles 0', '--max-cycles: expected a whole number'],
    ['run a --max-cycles 1 --max-cycles 2', '--max-cycles is given twice'],
    ['prove a --profile fast', '--profile: expected fast-100 or proven-100'],
    ['prove a --max-memory lots', '--max-memory: expected a size'],
    ['prove a --threads 0', '--threads: expected a whole number from 1 to 16'],
    ['prove a --out --quiet', '--out: argument missing'],
    ['prove a --input - --public-input -', 'cannot read a'],
    ['trace find x', 'either --addr or --reg'],
    ['trace find x --addr 0x10 --reg a0', 'either --addr or --reg'],
    ['trace find x --addr 0x1g', '--addr: expected an address'],
    ['trace find x --reg x32', '--reg: expected a register'],
    ['trace replay x', "required option '--elf <file>' not specified"],
    ['image-id missing.elf', 'cannot read missing.elf: no such file or folder'],
    ['run missing.elf', 'cannot read missing.elf: no such file or folder'],
    ['prove missing.elf', 'cannot read missing.elf: no such file or folder'],
    ['trace info missing', 'cannot read missing: no such file or folder'],
  ])('%s', async (line, message) => {
    const { status, stdout, stderr } = await vouch(line.split(' '), { cwd: folder.path('') })
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^error: /)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  })

  it.each([
    ['prov', '--json'],
    ['prove', 'a', '--json', '--bogus'],
    ['verify', 'a', '--json'],
    ['run', 'missing.elf', '--json'],
    ['security', '--cycles', '0', '--json'],
  ])('%s %s: one JSON document', async (...args) => {
    const { status, stdout } = await vouch(
      args.filter((arg) => arg !== undefined),
      { cwd: folder.path('') },
    )
    expect(status).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      error: { code: expect.any(String), message: expect.any(String) },
    })
  })

  it.each([
    [['prove', 'a', `--inptu=hex:${SECRET}`]],
    [['prove', 'a', `-ihex:${SECRET}`]],
    [['prove', 'a', '--inptu', `hex:${SECRET}`]],
    [['prove', 'a', `hex:${SECRET}`]],
    [[`hex:${SECRET}`]],
    [['--input', `text:${SECRET}`, 'prove', 'a']],
    [['run', process.execPath, '--input', SECRET]],
    [['run', process.execPath, '--input', `hex:${SECRET}zz`]],
    [['run', process.execPath, '--salt', SECRET]],
    [['prove', process.execPath, '--salt', `hex:${SECRET}`]],
    [['run', process.execPath, '--input', `text:${SECRET}`]],
    [['prove', process.execPath, '--input', `hex:${SECRET}`, '--json']],
  ])('the input stays private: %j', async (args) => {
    const { status, stdout, stderr } = await vouch(args, { cwd: folder.path('') })
    expect(status).toBe(2)
    expect(stdout + stderr).not.toContain(SECRET)
  })

  it('leaves nothing behind', async () => {
    expect(await folder.names()).toEqual([])
  })
})
