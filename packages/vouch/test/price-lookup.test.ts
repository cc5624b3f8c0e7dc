import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { bytesReader, bytesWriter, readInto } from '@vouch/bridge'
import { nativeSha256 as sha256 } from '@vouch/bridge/node'
import { beforeAll, describe, expect, it } from 'vitest'
import * as lookup from '../../../guest-examples/price-lookup/price.mjs'
import { relog } from '../../bridge/test/relog.ts'
import { manifestDigest, openLog, prove, verify } from '../src/index.ts'
import type { AuditRecord, Handler, HostCall, ProveResult, Verdict } from '../src/index.ts'
import { example, workFolder } from './support.ts'
import type { Outcome } from './support.ts'

/** The record of the call: three reads of the public input and two of the private one come first. */
const CALL = 5
const folder = workFolder()
const ADVICE = 'advice'
const TABLE = 'table'
const OTHER = 'other'

/** Runs a script of the example as a user would. */
const script = (name: string, ...args: readonly string[]): Promise<Outcome> =>
  new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [example(`price-lookup/${name}`), ...args],
      { cwd: folder.path(''), timeout: 120_000 },
      (_error, stdout, stderr) => resolve({ status: child.exitCode, stdout, stderr }),
    )
  })

describe('host.mjs and verify.mjs', () => {
  it('a price as advice: accepted by the policy that names it, and by no other', async () => {
    const host = await script('host.mjs', ADVICE)
    expect(host).toMatchObject({ status: 0, stderr: '' })
    expect(host.stdout).toMatch(
      /^journal +at 1234\.50, the position in ACME is worth more than 1000000\.00\ncycles +\d+\nrecords +10 host calls/,
    )
    expect(host.stdout).toMatch(/^zero-knowledge +no: /m)
    const checked = await script('verify.mjs', ADVICE)
    expect(checked).toMatchObject({ status: 0, stderr: '' })
    expect(checked.stdout).toMatch(/^price as advice +accepted\n {2}verdict +at 1234\.50, /)
    expect(checked.stdout).toMatch(
      /^ {2}proved +read \(5\), write \(3\), exit \(1\)\n {2}replayed +none\n {2}advice +price \(1\)$/m,
    )
    expect(checked.stdout).toMatch(/^no advice +REJECTED\n {2}check +policy\/advice\n/m)
    const log = openLog(await read(`${ADVICE}/price.vouch.audit`))
    if (!log.ok) throw new Error(log.failure.message)
    const hidden = log.records.flatMap(({ record }) => record.sections.filter((s) => s.hidden))
    // The quantity: of what the guest reads of its private input, the log has a digest only.
    expect(hidden).toMatchObject([{ kind: 'copyout', length: 4 }])
    expect(hidden[0]).not.toHaveProperty('payload')
  })

  it('a price from a table: replayed with the table that the verifier has', async () => {
    expect(await script('host.mjs', TABLE, '--class', 'D')).toMatchObject({ status: 0, stderr: '' })
    const checked = await script('verify.mjs', TABLE, '--class', 'D')
    expect(checked).toMatchObject({ status: 0, stderr: '' })
    expect(checked.stdout).toMatch(/^own table +accepted\n/)
    expect(checked.stdout).toMatch(/^ {2}replayed +price \(1\)\n {2}advice +none$/m)
    expect(checked.stdout).toMatch(/^no table +REJECTED\n {2}check +replay\/no-handler\n {2}record +5\n/m)
    // The same proof under the policy of the other kind.
    const asAdvice = await script('verify.mjs', TABLE)
    expect(asAdvice.status).toBe(1)
    expect(asAdvice.stdout).toMatch(/^price as advice +REJECTED\n {2}check +policy\/manifest\n/)
  })

  it('a host with another table is rejected at the record of the call', async () => {
    await writeFile(folder.path('other.json'), '{ "ACME": "1334.50" }')
    const host = await script('host.mjs', OTHER, '--class', 'D', '--prices', 'other.json')
    expect(host.stdout).toMatch(/^journal +at 1334\.50, /)
    const checked = await script('verify.mjs', OTHER, '--class', 'D')
    expect(checked.status).toBe(1)
    expect(checked.stdout).toMatch(/^own table +REJECTED\n {2}check +replay\/sections\n {2}record +5\n/)
    const theirs = await script('verify.mjs', OTHER, '--class', 'D', '--prices', 'other.json')
    expect(theirs.status).toBe(0)
  })

  it('a symbol that the host does not know is the end of the guest', async () => {
    await writeFile(folder.path('empty.json'), '{}')
    const host = await script('host.mjs', 'empty', '--prices', 'empty.json')
    expect(host.status).toBe(1)
    expect(host.stdout).toMatch(/^journal +none: the guest ended with code 2\n/)
    const checked = await script('verify.mjs', 'empty')
    expect(checked.status).toBe(1)
    expect(checked.stdout).toMatch(/^price as advice +REJECTED\n {2}check +guest\/exit-code\n/)
  })
})

const read = async (path: string): Promise<Uint8Array> => new Uint8Array(await readFile(folder.path(path)))

const ROOM = 16
const put = (call: HostCall, text: string, offset = 0): unknown =>
  readInto(bytesReader(new TextEncoder().encode(text)), call.writer(call.args[2]! + offset, text.length))
/** Reads the symbol as the honest handler does, and answers otherwise. */
const answers =
  (text: string, { length = text.length, offset = 0 } = {}): Handler =>
  (call) => {
    readInto(call.reader(call.args[0]!, call.args[1]!), bytesWriter(new Uint8Array(call.args[1]!)))
    put(call, text, offset)
    return length
  }

interface Lie {
  readonly what: string
  readonly handler: Handler
  readonly exitCode: number
  /** What a verifier with the table says. */
  readonly replay: { readonly code: string; readonly expected?: unknown; readonly got?: unknown }
}
const RESULT = 'replay/result'
const LIES: readonly Lie[] = [
  { what: 'another price', handler: answers('1334.50'), exitCode: 0, replay: { code: 'replay/sections' } },
  {
    what: 'more bytes than asked',
    handler: answers('1'.repeat(ROOM + 1)),
    exitCode: 2,
    replay: { code: RESULT, expected: 7, got: -1 },
  },
  {
    what: 'bytes outside the buffer',
    handler: answers('1234.50', { offset: ROOM - 4 }),
    exitCode: 2,
    replay: { code: RESULT, expected: 7, got: -1 },
  },
  {
    what: 'a longer answer than it wrote',
    handler: answers('1234.50', { length: ROOM + 1 }),
    exitCode: 3,
    replay: { code: RESULT, expected: 7, got: ROOM + 1 },
  },
  {
    what: 'a throw after the answer',
    handler: (call) => {
      answers('1234.50')(call)
      throw new Error('out of prices')
    },
    exitCode: 2,
    replay: { code: RESULT, expected: 7, got: -5 },
  },
  {
    what: 'the right price without a look at the symbol',
    handler: (call) => {
      put(call, '1234.50')
      return 7
    },
    exitCode: 0,
    replay: { code: 'replay/missing-read', expected: expect.stringMatching(/^4 bytes at /) },
  },
]

describe('a handler that lies', () => {
  const input = {
    privateInput: lookup.encodePrivate({ quantity: 900 }),
    publicInput: lookup.encodePublic({ limit: 100_000_000n, symbol: 'ACME' }),
    profile: 'fast-100',
  } as const
  const honest = lookup.priceHandler(new Map([['ACME', '1234.50']]))
  let elf: Uint8Array
  beforeAll(async () => {
    elf = new Uint8Array(await readFile(example('price-lookup/guest.elf')))
  })
  const proved = (assurance: 'A' | 'D', price: Handler): Promise<ProveResult> =>
    prove(elf, { ...input, manifest: lookup.manifestOf(assurance), handlers: { price } })
  const verdictOf = ({ proof, audit }: ProveResult, assurance: 'A' | 'D', more = {}): Promise<Verdict> => {
    const policy = {
      manifest: lookup.hex(manifestDigest(lookup.manifestOf(assurance))),
      ...(assurance === 'A' ? { advice: ['price'] } : { handlers: { price: honest } }),
    }
    return verify(proof, { elf, ...(audit === undefined ? {} : { audit }), policy, ...more })
  }

  for (const { what, handler, exitCode, replay } of LIES)
    it(`${what}: ${replay.code} for a verifier with the table`, async () => {
      const result = await proved('D', handler)
      expect(result.exitCode).toBe(exitCode)
      const verdict = await verdictOf(result, 'D', { allowFailure: true })
      expect(verdict).toMatchObject({ ok: false, failure: { ...replay, record: CALL } })
    })

  for (const { what, handler, exitCode } of LIES)
    it(`${what}: as advice, the guest's own checks are what is proved`, async () => {
      const result = await proved('A', handler)
      expect(result.journal.length === 0).toBe(exitCode !== 0)
      const services = { price: { count: 1, assurance: 'advice' } }
      const lenient = await verdictOf(result, 'A', { allowFailure: true })
      expect(lenient).toMatchObject({ ok: true, exitCode, audit: { services } })
      const usual = await verdictOf(result, 'A')
      if (exitCode === 0) expect(usual.ok).toBe(true)
      else expect(usual).toMatchObject({ ok: false, failure: { code: 'guest/exit-code', got: exitCode } })
    })

  it('a log that was changed afterwards, with all hashes right', async () => {
    const result = await proved('A', honest)
    const changed = (text: string, offset = 0) =>
      relog(result.audit!, (record) => (record.seq === CALL ? told(record, text, offset) : record))
    const verdict = async (audit: Uint8Array): Promise<Verdict> => verdictOf({ ...result, audit }, 'A')
    expect(await verdict(changed('1234.50'))).toMatchObject({ ok: true })
    // A price that the host could have given; this proof is about another log.
    expect(await verdict(changed('1334.50'))).toMatchObject({ ok: false, failure: { code: 'audit/root' } })
    for (const audit of [changed('1'.repeat(ROOM + 1)), changed('1234.50', ROOM - 4)])
      expect(await verdict(audit)).toMatchObject({
        ok: false,
        failure: { code: 'replay/capability', record: CALL },
      })
  })

  /** The record of the call with another answer. */
  function told(record: AuditRecord, text: string, offset: number): AuditRecord {
    const payload = new TextEncoder().encode(text)
    const sections = record.sections.map((section) =>
      section.kind === 'copyout'
        ? {
            ...section,
            address: section.address + offset,
            length: payload.length,
            payload,
            digest: sha256(payload),
          }
        : section,
    )
    return { ...record, result: payload.length, sections }
  }
})
