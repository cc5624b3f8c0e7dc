import { readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { openLog } from '@vouch/bridge'
import { assembleElf } from '@vouch/engine/assembler'
import { beforeAll, describe, expect, it } from 'vitest'
import { manifestDigest, parseManifest, prove } from '../src/index.ts'
import type { Handler } from '../src/index.ts'
import { vouch, workFolder } from './support.ts'
import type { Outcome } from './support.ts'

const folder = workFolder()
const inFolder = (args: readonly string[], more: Parameters<typeof vouch>[1] = {}): Promise<Outcome> =>
  vouch(args, { cwd: folder.path(''), ...more })
const json = (outcome: Outcome): Record<string, unknown> =>
  JSON.parse(outcome.stdout) as Record<string, unknown>
const bytesOf = async (name: string): Promise<Uint8Array> => new Uint8Array(await readFile(folder.path(name)))
const missing = async (name: string): Promise<boolean> =>
  !(await folder.names()).some((found) => found === name)
const digestOf = (text: string): string => Buffer.from(manifestDigest(parseManifest(text))).toString('hex')

const EXIT = 'li a0, 0\nli a7, 93\necall'
/** Writes four bytes to the journal. */
const JOURNAL = 'li a0, 3\nli a1, 0x10000\nli a2, 4\nli a7, 64\necall'
const GETPID = 'li a7, 172\necall'
/** getpid needs a log; nothing else does. */
const AUDITED = `${GETPID}\n${JOURNAL}\n${EXIT}`
const PLAIN = `${JOURNAL}\n${EXIT}`
/** Number 0x7b00, class A, and what is left of it in the journal. */
const ADVISED = `li a7, 0x7b00\necall\n${EXIT}`

const MANIFEST = '{"version":1,"limits":{"cycles":1000}}'
const ADVICE = '{"version":1,"calls":{"guess":{"number":31488,"args":0,"class":"A"}}}'
const SALT = `hex:${'a5'.repeat(32)}`
const FAST = ['--profile', 'fast-100', '--quiet', '--json']

beforeAll(async () => {
  for (const [name, source] of Object.entries({ audited: AUDITED, plain: PLAIN, advised: ADVISED }))
    await writeFile(folder.path(`${name}.elf`), assembleElf(source))
  await writeFile(folder.path('manifest.json'), MANIFEST)
  await writeFile(folder.path('advice.json'), ADVICE)
})

describe('run', () => {
  it('--audit writes the log, readable by its owner only', async () => {
    const outcome = await inFolder(['run', 'audited.elf', '--audit', 'run.audit', '--json'])
    expect(outcome.status).toBe(0)
    expect(json(outcome)).toMatchObject({ ok: true, audit: 'run.audit', journal: expect.any(String) })
    expect((await stat(folder.path('run.audit'))).mode & 0o777).toBe(0o600)
    const log = openLog(await bytesOf('run.audit'))
    expect(log.ok && log.records.map(({ record }) => record.number)).toEqual([172, 64, 93])
    const text = await inFolder(['run', 'audited.elf', '--audit', 'run.audit'])
    expect(text.stderr).toMatch(/^audit +run\.audit$/m)
    expect(await missing('run.audit.partial')).toBe(true)
  })

  it('--manifest says what the guest may do, and for how long', async () => {
    await writeFile(folder.path('deny.json'), '{"version":1,"syscalls":{"deny":["getpid"]}}')
    const args = ['run', 'audited.elf', '--manifest', 'deny.json', '--audit', 'denied.audit', '--json']
    expect((await inFolder(args)).status).toBe(0)
    const found = await inFolder(['audit', 'grep', 'denied.audit', '--outcome', 'deny'])
    expect(found).toMatchObject({ status: 0, stdout: '[3] getpid() = -1 EPERM <denied>\n' })
    await writeFile(folder.path('short.json'), '{"version":1,"limits":{"cycles":5}}')
    for (const more of [[], ['--max-cycles', '100'], ['--trace', 'short.trace']]) {
      const limited = await inFolder(['run', 'audited.elf', '--manifest', 'short.json', '--json', ...more])
      expect(limited.status).toBe(1)
      expect(json(limited)).toMatchObject({ error: { code: 'guest/limit' }, halt: { limit: 5 } })
    }
  })

  it('the same salt gives the same log, another one another', async () => {
    const source = 'li a0, 0\nli a1, 0x20000\nli a2, 4\nli a7, 63\necall\n' + EXIT
    await writeFile(folder.path('reads.elf'), assembleElf(source))
    const logs: string[] = []
    for (const salt of [SALT, SALT, `hex:${'5a'.repeat(32)}`, undefined]) {
      const args = ['run', 'reads.elf', '--input', 'text:four', '--audit', 'salted.audit']
      const outcome = await inFolder([...args, ...(salt === undefined ? [] : ['--salt', salt])])
      expect(outcome.status).toBe(0)
      logs.push((await readFile(folder.path('salted.audit'))).toString('hex'))
    }
    expect(logs[1]).toBe(logs[0])
    expect(new Set(logs).size).toBe(3)
  })

  it('a clock that is advice is the clock of the host', async () => {
    const source = `li a0, 0\nli a1, 0x20000\nli a7, 403\necall\nli a0, 3\nli a2, 8\nli a7, 64\necall\n${EXIT}`
    await writeFile(folder.path('clock.elf'), assembleElf(source))
    await writeFile(folder.path('clock.json'), '{"version":1,"clock":{"mode":"advice"}}')
    const before = Math.floor(Date.now() / 1e3)
    const outcome = await inFolder(['run', 'clock.elf', '--manifest', 'clock.json', '--json'])
    const seconds = Number(Buffer.from(json(outcome)['journal'] as string, 'hex').readBigUInt64LE())
    expect(seconds).toBeGreaterThanOrEqual(before)
    expect(seconds).toBeLessThanOrEqual(Date.now() / 1e3)
  })

  it('--file hands over what the manifest names', async () => {
    const source = `li a0, 5\nli a1, 0x20000\nli a2, 5\nli a7, 63\necall\nli a0, 3\nli a7, 64\necall\n${EXIT}`
    await writeFile(folder.path('file.elf'), assembleElf(source))
    await writeFile(folder.path('words.txt'), 'hello')
    const sha256 = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'
    const fds = [
      { fd: 3, source: 'journal', rights: ['write'] },
      { fd: 5, source: 'file', rights: ['read'], sha256 },
    ]
    await writeFile(folder.path('file.json'), JSON.stringify({ version: 1, fds }))
    const args = ['run', 'file.elf', '--manifest', 'file.json', '--audit', 'file.audit', '--json']
    expect(json(await inFolder([...args, '--file', 'words.txt']))['journalText']).toBe('hello')
    for (const more of [[], ['--file', 'file.json']]) {
      const refused = await inFolder([...args, ...more])
      expect(refused.status).toBe(2)
      expect(json(refused)).toMatchObject({ error: { code: 'bridge/file' } })
    }
    const replayed = await inFolder(['audit', 'verify', 'file.audit', '--file', 'words.txt'])
    expect(replayed.status).toBe(0)
  })

  it('a full disk ends the run, and leaves nothing', async () => {
    for (const flag of ['--trace', '--audit']) {
      const before = await folder.names()
      await symlink('/dev/full', folder.path('full.partial'))
      const outcome = await inFolder(['run', 'audited.elf', flag, 'full', '--json'])
      expect(json(outcome)).toMatchObject({
        ok: false,
        error: { code: 'file/unwritable', message: 'cannot write full.partial: no space left on the device' },
      })
      expect(outcome.status).toBe(2)
      expect(await folder.names()).toEqual(before)
    }
  })

  it('a report that cannot be written is no success', async () => {
    const { spawnSync } = await import('node:child_process')
    const bin = new URL('../bin/vouch.js', import.meta.url).pathname
    const line = `'${process.execPath}' '${bin}' run audited.elf --json > /dev/full`
    const { status, stderr } = spawnSync('/bin/sh', ['-c', line], {
      cwd: folder.path(''),
      encoding: 'utf8',
    })
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: 'error: cannot write standard output: no space left on the device\n',
    })
  })

  it('Ctrl-C removes the files of a run, but keeps those of one that goes on', async () => {
    const source = `li a0, 2\nli a1, 0x10000\nli a2, 1\nli a7, 64\necall\nloop:\n${GETPID}\nj loop`
    await writeFile(folder.path('loop.elf'), assembleElf(source))
    const before = await folder.names()
    const args = ['run', 'loop.elf', '--audit', 'loop.audit', '--salt', SALT]
    const interruptWhen = (stderr: string): boolean => stderr.length > 0
    expect((await inFolder(args, { interruptWhen })).status).toBe(130)
    expect(await folder.names()).toEqual(before)
    await inFolder(args, { interruptWhen, signal: 'SIGKILL' })
    const left = [...before, 'loop.audit.partial'].sort()
    expect(await folder.names()).toEqual(left)
    expect((await inFolder([...args, '--resume'], { interruptWhen })).status).toBe(130)
    expect(await folder.names()).toEqual(left)
  })
})

describe('misuse', () => {
  it.each<[string, string, string]>([
    ['run audited.elf --resume', 'cli/usage', '--resume goes on with'],
    ['run audited.elf --resume --audit none', 'file/unreadable', 'there is no none.partial'],
    ['run audited.elf --salt hex:00', 'input/salt', '--salt: expected 32 bytes, got 1'],
    ['prove audited.elf --salt hex:00', 'input/salt', '--salt: expected 32 bytes, got 1'],
    ['run audited.elf --salt - --input -', 'input/stdin', 'one option only'],
    ['run audited.elf --trace x --audit ./x', 'file/same', '--audit and --trace are the same file'],
    ['run audited.elf --audit audited.elf', 'file/same', '--audit and <elf> are the same file'],
    ['run audited.elf --audit manifest.json --manifest manifest.json', 'file/same', '--audit and --manifest'],
    ['prove audited.elf --out x --audit x', 'file/same', '--audit and --out are the same file'],
    ['prove audited.elf --journal audited.vouch.audit', 'file/same', '--audit and --journal'],
    ['run audited.elf --audit missing/x', 'file/unwritable', '--audit: cannot write'],
    ['run audited.elf --audit /dev/full', 'file/unwritable', 'not a regular file'],
    ['prove audited.elf --audit /dev/full', 'file/unwritable', 'not a regular file'],
    ['run audited.elf --manifest none', 'file/unreadable', '--manifest: cannot read none'],
    ['run audited.elf --manifest audited.elf', 'manifest/syntax', '--manifest: audited.elf: '],
    ['run audited.elf --manifest bad.json', 'manifest/field', 'bad.json: limits.cycles: expected'],
    ['prove audited.elf --manifest bad.json', 'manifest/field', 'limits.cycles'],
    ['verify x --elf audited.elf --manifest bad.json', 'manifest/field', 'limits.cycles'],
    ['verify x --elf audited.elf --policy none', 'file/unreadable', '--policy: cannot read none'],
    ['verify x --elf audited.elf --policy audited.elf', 'input/policy', 'not JSON'],
    ['verify x --elf audited.elf --policy list.json', 'input/policy', 'expected an object'],
    [
      'verify x --elf audited.elf --policy typo.json',
      'input/policy',
      'unknown key "service"; known: manifest',
    ],
    ['verify x --elf audited.elf --policy text.json', 'input/policy', 'services: expected a list of names'],
    ['verify x --elf audited.elf --policy short.policy', 'input/policy', 'manifest: expected 64 hex digits'],
    ['verify x --elf audited.elf --policy twice.json', 'input/policy', '"advice" is given twice'],
    [
      'verify x --elf audited.elf --policy other.json --manifest manifest.json',
      'cli/usage',
      'another manifest',
    ],
    ['verify x --elf audited.elf --audit y --audit z', 'cli/repeated', '--audit is given twice'],
  ])('%s', async (line, code, message) => {
    for (const [name, text] of Object.entries({
      'bad.json': '{"version":1,"limits":{"cycles":-1}}',
      'list.json': '[]',
      'typo.json': '{"service":["getpid"]}',
      'text.json': '{"services":"getpid"}',
      'short.policy': '{"manifest":"abcd"}',
      'twice.json': '{"advice":[],"advice":["getpid"]}',
      'other.json': `{"manifest":"${'00'.repeat(32)}"}`,
    }))
      await writeFile(folder.path(name), text)
    const before = await folder.names()
    const outcome = await inFolder([...line.split(' '), '--json'])
    expect(json(outcome)).toMatchObject({
      ok: false,
      error: { code, message: expect.stringContaining(message) },
    })
    expect(outcome.status).toBe(2)
    expect(await folder.names()).toEqual(before)
  })
})

describe('prove and verify', () => {
  const verify = (proof: string, elf: string, ...more: readonly string[]): Promise<Outcome> =>
    inFolder(['verify', proof, '--elf', elf, '--json', ...more])

  it('a log is written only where one is needed', async () => {
    const outcome = await inFolder(['prove', 'plain.elf', ...FAST])
    expect(outcome.status).toBe(0)
    expect(json(outcome)).not.toHaveProperty('audit')
    expect(await missing('plain.vouch.audit')).toBe(true)
    expect((await verify('plain.vouch', 'plain.elf')).status).toBe(0)
    // A log beside a proof that is bound to none is not looked at, unless it is named.
    await writeFile(folder.path('plain.vouch.audit'), 'of an earlier proof')
    expect((await verify('plain.vouch', 'plain.elf')).status).toBe(0)
    const named = await verify('plain.vouch', 'plain.elf', '--audit', 'plain.vouch.audit')
    expect(named.status).toBe(1)
    expect(json(named)).toMatchObject({ ok: false, failure: { code: 'audit/unexpected' } })
  }, 120_000)

  it('--audit, or --manifest, binds a proof to one', async () => {
    for (const more of [
      ['--audit', 'forced.audit'],
      ['--manifest', 'manifest.json'],
    ]) {
      const args = ['prove', 'plain.elf', '--out', 'forced.vouch', ...more, ...FAST]
      const outcome = await inFolder(args)
      expect(outcome.status).toBe(0)
      const path = more[0] === '--audit' ? 'forced.audit' : 'forced.vouch.audit'
      const manifest = more[0] === '--audit' ? '{"version":1}' : MANIFEST
      expect(json(outcome)['audit']).toEqual({
        path,
        records: 2,
        root: expect.stringMatching(/^[0-9a-f]{64}$/),
        manifest: digestOf(manifest),
      })
      expect(await missing(path)).toBe(false)
      const read = await inFolder(['audit', 'verify', path, '--json'])
      expect(json(read)['root']).toBe((json(outcome)['audit'] as { root: string }).root)
    }
    const accepted = await verify('forced.vouch', 'plain.elf', '--manifest', 'manifest.json')
    expect(json(accepted)['audit']).toMatchObject({
      records: 2,
      manifest: digestOf(MANIFEST),
      denied: 0,
      services: { write: { count: 1, assurance: 'proved' }, exit: { count: 1, assurance: 'proved' } },
    })
  }, 120_000)

  describe('a proof that needs its log', () => {
    let made: Outcome

    beforeAll(async () => {
      made = await inFolder(['prove', 'audited.elf', '--salt', SALT, ...FAST])
      expect(made.status).toBe(0)
      const other = ['prove', 'audited.elf', '--manifest', 'manifest.json', '--out', 'other.vouch', ...FAST]
      expect((await inFolder(other)).status).toBe(0)
    }, 120_000)

    it('finds it beside the proof', async () => {
      expect(json(made)['audit']).toMatchObject({ path: 'audited.vouch.audit', records: 3 })
      const outcome = await verify('audited.vouch', 'audited.elf')
      expect(outcome.status).toBe(0)
      expect(json(outcome)['audit']).toEqual({
        records: 3,
        root: (json(made)['audit'] as { root: string }).root,
        manifest: digestOf('{"version":1}'),
        denied: 0,
        charged: 0,
        services: {
          getpid: { count: 1, assurance: 'replayed' },
          write: { count: 1, assurance: 'proved' },
          exit: { count: 1, assurance: 'proved' },
        },
      })
      const text = await inFolder(['verify', 'audited.vouch', '--elf', 'audited.elf'])
      expect(text.stdout).toMatch(/^audit log +3 records, 0 denied, root [0-9a-f]{64}$/m)
      expect(text.stdout).toMatch(/^ +replayed +getpid 1$/m)
    })

    it('without it, or with another one', async () => {
      await writeFile(folder.path('alone.vouch'), await bytesOf('audited.vouch'))
      const alone = await verify('alone.vouch', 'audited.elf')
      expect(alone.status).toBe(1)
      expect(json(alone)).toMatchObject({
        failure: { code: 'audit/missing', expected: 'a log of 3 records', got: 'no log' },
      })
      const named = await verify('alone.vouch', 'audited.elf', '--audit', 'audited.vouch.audit')
      expect(named.status).toBe(0)
      const absent = await verify('alone.vouch', 'audited.elf', '--audit', 'none')
      expect(absent.status).toBe(2)
      const other = await verify('audited.vouch', 'audited.elf', '--audit', 'other.vouch.audit')
      expect(other.status).toBe(1)
      expect(json(other)).toMatchObject({ failure: { code: 'audit/manifest' } })
    })

    it('of another run of the same program', async () => {
      const read = (fd: number): string => `li a0, ${fd}\nli a1, 0x20000\nli a2, 4\nli a7, 63\necall`
      await writeFile(folder.path('inputs.elf'), assembleElf(`${read(0)}\n${read(4)}\n${AUDITED}`))
      const inputs = ['--input', 'text:four', '--public-input', 'hex:01000000']
      expect((await inFolder(['prove', 'inputs.elf', ...inputs, ...FAST])).status).toBe(0)
      for (const [public_, code, record] of [
        ['hex:02000000', 'replay/', 1],
        // The same in all but its salt.
        ['hex:01000000', 'audit/root', undefined],
      ] as const) {
        const args = ['run', 'inputs.elf', '--input', 'text:four', '--public-input', public_]
        expect((await inFolder([...args, '--audit', 'another.audit'])).status).toBe(0)
        const outcome = await verify('inputs.vouch', 'inputs.elf', '--audit', 'another.audit')
        expect(outcome.status).toBe(1)
        const { failure } = json(outcome) as { failure: { code: string; record?: number } }
        expect(failure.code).toContain(code)
        expect(failure.record).toBe(record)
      }
    }, 120_000)

    it('damaged, and names the record', async () => {
      const log = await bytesOf('audited.vouch.audit')
      const flipped = log.slice()
      flipped[log.length - 20]! ^= 1
      for (const [bytes, code] of [
        [log.subarray(0, log.length - 1), 'audit/truncated'],
        [flipped, 'audit/hash'],
      ] as const) {
        await writeFile(folder.path('bad.audit'), bytes)
        const outcome = await verify('audited.vouch', 'audited.elf', '--audit', 'bad.audit')
        expect(outcome.status).toBe(1)
        const failure = json(outcome)['failure'] as object
        expect(Object.keys(failure)).toEqual(['code', 'message', 'expected', 'got', 'record'])
        expect(failure).toMatchObject({ code, record: 2 })
        const text = await inFolder([
          'verify',
          'audited.vouch',
          '--elf',
          'audited.elf',
          '--audit',
          'bad.audit',
        ])
        expect(text.stdout).toMatch(/^verdict +REJECTED\ncheck +audit\/\w+\nrecord +2\n/)
      }
      const header = log.slice(0, 40)
      await writeFile(folder.path('bad.audit'), header)
      const outcome = await verify('audited.vouch', 'audited.elf', '--audit', 'bad.audit')
      expect(Object.keys(json(outcome)['failure'] as object)).toEqual(['code', 'message', 'expected', 'got'])
    })

    it.each<[string, unknown, string | undefined]>([
      ['the default', {}, undefined],
      ['the services that were used', { services: ['getpid', 'write', 'exit'] }, undefined],
      ['not one of them', { services: ['write', 'exit'] }, 'policy/service'],
      ['none', { services: [] }, 'policy/service'],
      ['its manifest', { manifest: digestOf('{"version":1}').toUpperCase() }, undefined],
      ['another manifest', { manifest: digestOf(MANIFEST) }, 'policy/manifest'],
    ])('policy: %s', async (_name, policy, code) => {
      await writeFile(folder.path('policy.json'), JSON.stringify(policy))
      const outcome = await verify('audited.vouch', 'audited.elf', '--policy', 'policy.json')
      expect(outcome.status).toBe(code === undefined ? 0 : 1)
      if (code !== undefined) expect(json(outcome)).toMatchObject({ ok: false, failure: { code } })
    })

    it('a manifest is accepted by name only', async () => {
      const refused = await verify('other.vouch', 'audited.elf')
      expect(refused.status).toBe(1)
      expect(json(refused)).toMatchObject({
        failure: { code: 'policy/manifest', expected: digestOf('{"version":1}'), got: digestOf(MANIFEST) },
      })
      // The text may be another one, if it says the same.
      await writeFile(folder.path('spaced.json'), JSON.stringify(JSON.parse(MANIFEST), null, 4))
      expect((await verify('other.vouch', 'audited.elf', '--manifest', 'spaced.json')).status).toBe(0)
      await writeFile(folder.path('policy.json'), JSON.stringify({ manifest: digestOf(MANIFEST) }))
      expect((await verify('other.vouch', 'audited.elf', '--policy', 'policy.json')).status).toBe(0)
      const both = ['--policy', 'policy.json', '--manifest', 'manifest.json']
      expect((await verify('other.vouch', 'audited.elf', ...both)).status).toBe(0)
    })
  })

  it('advice is accepted by name only', async () => {
    const guess: Handler = () => 7
    const manifest = parseManifest(ADVICE)
    const { proof, audit } = await prove(new Uint8Array(await readFile(folder.path('advised.elf'))), {
      profile: 'fast-100',
      manifest,
      handlers: { guess },
    })
    await writeFile(folder.path('advised.vouch'), proof)
    await writeFile(folder.path('advised.vouch.audit'), audit!)
    const digest = digestOf(ADVICE)
    for (const [policy, code] of [
      [{ manifest: digest }, 'policy/advice'],
      [{ manifest: digest, advice: [] }, 'policy/advice'],
      [{ manifest: digest, advice: ['guess'] }, undefined],
      [{ manifest: digest, advice: ['guess'], services: ['exit'] }, 'policy/service'],
    ] as const) {
      await writeFile(folder.path('policy.json'), JSON.stringify(policy))
      const outcome = await verify('advised.vouch', 'advised.elf', '--policy', 'policy.json')
      expect(outcome.status).toBe(code === undefined ? 0 : 1)
      if (code !== undefined) expect(json(outcome)).toMatchObject({ failure: { code } })
    }
    const text = await inFolder([
      'verify',
      'advised.vouch',
      '--elf',
      'advised.elf',
      '--manifest',
      'advice.json',
    ])
    expect(text.stdout).toMatch(/^check +policy\/advice$/m)
  }, 120_000)
})
