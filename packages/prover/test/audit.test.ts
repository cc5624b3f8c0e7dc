import { DEFAULT_MANIFEST, bridge, manifestDigest, parseManifest } from '@vouch/bridge'
import type { AuditRecord, Manifest } from '@vouch/bridge'
import { effectRows } from '@vouch/engine'
import type { AuditedCall, EcallOutcome } from '@vouch/engine'
import { assembleElf } from '@vouch/engine/assembler'
import { sha256 } from '@vouch/hash'
import type { LoggedCall } from '@vouch/machine'
import { createKernels } from '@vouch/stark'
import type { Kernels } from '@vouch/stark'
import { toHex, verify } from '@vouch/verifier'
import type { Verdict, VerifyOptions } from '@vouch/verifier'
import { beforeAll, describe, expect, it } from 'vitest'
import { prove } from '../src/index.ts'
import { bound, honestLog, logOf, opened, replayed } from './audit-logs.ts'
import { forge } from './forgery-witness.ts'
import type { Forged, ForgedLog, Forgery } from './forgery-witness.ts'

const call = (number: number, ...args: number[]): string =>
  `li a7, ${number}\n${args.map((v, i) => `li a${i}, ${v}\n`).join('')}ecall\n`

const BUFFER = 0x20400
/** Two vectors of 5 and 3 bytes; then "hello". */
const DATA = {
  address: 0x20000,
  bytes: new Uint8Array([
    ...new Uint8Array(Uint32Array.of(BUFFER, 5, BUFFER + 9, 3).buffer),
    ...new TextEncoder().encode('hello'),
  ]),
}
const PRIVATE = Uint8Array.from({ length: 12 }, (_, i) => 0xa1 + i)
const PUBLIC = Uint8Array.from({ length: 10 }, (_, i) => 3 * i)

/** Every kind of call: direct and audited, of each stream, answered and refused. The numbers are their records. */
const SOURCE = `
  ${/* 0 */ call(172)}
  ${/* 1 */ call(65, 0, 0x20000, 2)}
  ${/* 2 */ call(63, 4, BUFFER + 32, 4)}
  ${/* 3 */ call(65, 4, 0x20000, 2)}
  ${/* 4 */ call(66, 3, 0x20000, 2)}
  ${/* 5 */ call(64, 3, 0x20010, 5)}
  ${/* 6 */ call(80, 1, 2)}
  ${/* 7 */ call(403, 1, BUFFER + 64)}
  ${/* 8 */ call(63, 0, 0x3ffffffe, 8)}
  ${/* 9 */ call(64, 1, 0x20010, 5)}
  ${/* 10 */ call(93, 0)}
`
const GETPID = 0
const READV = 1
const WRITEV = 4
const CLOCK = 7
const FAULTING = 8
const CONSOLE = 9
const JOURNAL = 5
const EXIT = 10

const program: Forgery = {
  source: SOURCE,
  data: DATA,
  privateInput: PRIVATE,
  publicInput: PUBLIC,
  options: { salt: new Uint8Array(32) },
}

let kernels: Kernels
let honest: Forged & { log: ForgedLog }

beforeAll(async () => {
  kernels = await createKernels({ kind: 'wasm' })
  honest = (await forge(kernels, { ...program, log: honestLog(PUBLIC) })) as typeof honest
})

const check = (
  { proof, imageId }: Pick<Forged, 'proof' | 'imageId'>,
  audit: Uint8Array | undefined,
  options: Partial<VerifyOptions> = {},
): Promise<Verdict> => verify(proof, { imageId, ...(audit === undefined ? {} : { audit }), ...options })

const failureOf = (verdict: Verdict) => (verdict.ok ? undefined : verdict.failure)

describe('a proof with an audit log', () => {
  it('is the very one of the prover', async () => {
    const made = await prove(assembleElf(SOURCE, DATA), {
      privateInput: PRIVATE,
      publicInput: PUBLIC,
      profile: 'fast-100',
      salt: new Uint8Array(32),
    })
    expect(made.audit).toEqual(honest.log.bytes)
    expect(Buffer.compare(made.proof, honest.proof)).toBe(0)
  })
  it('is accepted, and says what was used and how it is known', async () => {
    expect(honest.broken).toEqual([])
    const verdict = await check(honest, honest.log.bytes)
    expect(verdict).toMatchObject({
      ok: true,
      audit: {
        records: 11,
        manifest: toHex(manifestDigest(DEFAULT_MANIFEST)),
        denied: 0,
        charged: 0,
        services: {
          getpid: { count: 1, assurance: 'replayed' },
          readv: { count: 2, assurance: 'replayed' },
          read: { count: 2, assurance: 'replayed' },
          exit: { count: 1, assurance: 'proved' },
          syscall_80: { count: 1, assurance: 'replayed' },
          clock_gettime64: { count: 1, assurance: 'replayed' },
        },
      },
    })
  })
  it('needs its log: audit/missing', async () => {
    expect(failureOf(await check(honest, undefined))).toMatchObject({ code: 'audit/missing' })
  })
  it('T-AU-05: and no other run’s: audit/root', async () => {
    const other = await forge(kernels, {
      ...program,
      privateInput: PRIVATE.map((b) => b ^ 1),
      log: honestLog(PUBLIC),
    })
    expect(await check(other, other.log!.bytes)).toMatchObject({ ok: true })
    expect(failureOf(await check(honest, other.log!.bytes))).toMatchObject({ code: 'audit/root' })
    expect(failureOf(await check(other, honest.log.bytes))).toMatchObject({ code: 'audit/root' })
  })
  it('a proof without one takes none: audit/unexpected', async () => {
    const plain = await forge(kernels, { source: call(93, 0) })
    expect(failureOf(await check(plain, honest.log.bytes))).toMatchObject({ code: 'audit/unexpected' })
  })
  it('audited calls with a statement that names no log: bus/unbalanced', async () => {
    const silent = await forge(kernels, program)
    expect(silent.broken).toEqual(['Call', 'Effect', 'EffectBytes', 'EffectHidden', 'Io'])
    expect(failureOf(await check(silent, undefined))).toMatchObject({ code: 'bus/unbalanced' })
  })
  it('direct calls alone need none, and are bound to one all the same where it is given', async () => {
    const source = call(63, 0, BUFFER, 4) + call(64, 3, BUFFER, 4) + call(93, 0)
    const inputs = { privateInput: PRIVATE, profile: 'fast-100' as const }
    const without = await prove(assembleElf(source), inputs)
    expect(without.audit).toBeUndefined()
    expect(await check(without, undefined)).toMatchObject({ ok: true })
    const withLog = await prove(assembleElf(source), { ...inputs, manifest: DEFAULT_MANIFEST })
    expect(await check(withLog, withLog.audit)).toMatchObject({ ok: true, audit: { records: 3 } })
    expect(failureOf(await check(withLog, undefined))).toMatchObject({ code: 'audit/missing' })
  })
})

describe('policies', () => {
  it('another manifest: policy/manifest', async () => {
    const manifest = parseManifest('{"version":1,"random":{"mode":"none"}}')
    const made = await prove(assembleElf(call(172) + call(93, 0)), { manifest, profile: 'fast-100' })
    expect(failureOf(await check(made, made.audit))).toMatchObject({ code: 'policy/manifest' })
    const digest = toHex(manifestDigest(manifest))
    expect(await check(made, made.audit, { policy: { manifest: digest } })).toMatchObject({ ok: true })
  })
  it('a service that is not allowed: policy/service', async () => {
    const services = ['getpid', 'read', 'readv', 'write', 'writev', 'clock_gettime64', 'exit']
    const narrow = await check(honest, honest.log.bytes, { policy: { services } })
    expect(failureOf(narrow)).toMatchObject({ code: 'policy/service', got: 'syscall_80' })
    const wide = await check(honest, honest.log.bytes, { policy: { services: [...services, 'syscall_80'] } })
    expect(wide).toMatchObject({ ok: true })
  })
  it('advice that is not accepted by name: policy/advice', async () => {
    const manifest = parseManifest(
      JSON.stringify({
        version: 1,
        calls: {
          dice: { number: 0x7b00, args: 1, class: 'A', writes: [{ pointer: 0, length: { bytes: 4 } }] },
        },
      }),
    )
    const made = await prove(assembleElf(call(0x7b00, BUFFER) + call(93, 0)), {
      manifest,
      profile: 'fast-100',
      handlers: {
        dice: (c) => {
          c.writer(c.args[0], 4).fillZeros(3)
          return 6
        },
      },
    })
    const digest = toHex(manifestDigest(manifest))
    const verdict = await check(made, made.audit, { policy: { manifest: digest } })
    expect(failureOf(verdict)).toMatchObject({ code: 'policy/advice', got: 'dice' })
    const accepted = await check(made, made.audit, { policy: { manifest: digest, advice: ['dice'] } })
    expect(accepted).toMatchObject({ ok: true, audit: { services: { dice: { assurance: 'advice' } } } })
  })
  it('charges count as cycles: guest/limit', async () => {
    const manifest = parseManifest(
      JSON.stringify({
        version: 1,
        limits: { cycles: 12 },
        calls: { toll: { number: 0x7b00, args: 0, class: 'A', charge: 8 } },
      }),
    )
    const source = call(0x7b00) + 'nop\n'.repeat(3) + call(93, 0)
    const charging = (cycles: number) =>
      prove(assembleElf(source), {
        manifest,
        handlers: { toll: (c) => c.charge(cycles) },
        profile: 'fast-100',
      })
    await expect(charging(5)).rejects.toMatchObject({ code: 'guest/limit' })
    expect(await charging(1)).toMatchObject({ exitCode: 0 })
  })
  it('a file that nobody hands over, or another: policy/file', async () => {
    const file = new TextEncoder().encode('what the manifest names')
    const digest = toHex(sha256(file))
    const fds = [{ fd: 5, source: 'file' as const, rights: ['read' as const], sha256: digest }]
    const manifest = parseManifest(JSON.stringify({ version: 1, fds }))
    const files = new Map([[digest, file]])
    const source = call(63, 5, BUFFER, 4) + call(93, 0)
    const made = await prove(assembleElf(source), { manifest, files, profile: 'fast-100' })
    const policy = { manifest: toHex(manifestDigest(manifest)) }
    expect(await check(made, made.audit, { policy: { ...policy, files } })).toMatchObject({ ok: true })
    for (const wrong of [undefined, new Map([[digest, file.slice(1)]])]) {
      const verdict = await check(made, made.audit, {
        policy: { ...policy, ...(wrong === undefined ? {} : { files: wrong }) },
      })
      expect(failureOf(verdict)).toMatchObject({ code: 'policy/file' })
    }
  })
  it('more cycles than the manifest allows: audit/cycles', async () => {
    const manifest: Manifest = { ...DEFAULT_MANIFEST, limits: { ...DEFAULT_MANIFEST.limits, cycles: 5 } }
    const source = call(172) + call(93, 0)
    await expect(prove(assembleElf(source), { manifest })).rejects.toMatchObject({ code: 'guest/limit' })
    const forged = await forge(kernels, { source, options: { manifest }, log: honestLog(new Uint8Array(0)) })
    const policy = { manifest: toHex(manifestDigest(manifest)) }
    expect(failureOf(await check(forged, forged.log!.bytes, { policy }))).toMatchObject({
      code: 'audit/cycles',
      got: 8,
    })
  })
})

/** A lie of the host in one call: what the guest gets, and how the log would have to tell it. */
interface Lie {
  readonly name: string
  readonly record: number
  readonly outcome: (honest: AuditedCall) => AuditedCall
  readonly told: (honest: AuditRecord) => Partial<AuditRecord>
  /** What the verifier says when the log tells the lie. */
  readonly code: string
  /** What it says when the log keeps quiet; 'bus/unbalanced' unless the statement itself gives it away. */
  readonly quietCode?: string
}

const sets =
  (slot: number, value: number) =>
  (c: AuditedCall): AuditedCall => ({
    ...c,
    registersWritten: [...c.registersWritten.filter(([s]) => s !== slot), [slot, value >>> 0] as const],
  })

const LIES: readonly Lie[] = [
  {
    name: 'another result of getpid',
    record: GETPID,
    outcome: sets(10, 42),
    told: () => ({ result: 42 }),
    code: 'replay/result',
  },
  {
    name: 'a register written that getpid leaves alone',
    record: GETPID,
    outcome: sets(18, 1),
    told: () => ({}),
    code: 'bus/unbalanced',
  },
  {
    name: 'a success of getpid told as a denial',
    record: GETPID,
    outcome: sets(10, -1),
    told: () => ({ result: -1, errno: 1, outcome: 'deny' }),
    code: 'replay/result',
  },
  {
    name: 'an error told of a read that could be served',
    record: READV,
    outcome: (c) => ({ ...sets(10, -14)(c), pages: [] }),
    told: (r) => ({
      result: -14,
      errno: 14,
      outcome: 'abort',
      done: 0,
      sections: r.sections.filter((s) => s.kind !== 'copyout'),
      privateCursor: 0,
    }),
    code: 'replay/result',
  },
  {
    name: 'a longer read than was asked',
    record: READV,
    outcome: (c) => ({
      ...sets(10, 12)(c),
      pages: c.pages.map((p) => ({
        ...p,
        written: [p.written[0], { ...p.written[1], length: 7 }],
        hidden: [p.written[0], { ...p.written[1], length: 7 }],
      })),
    }),
    told: (r) => ({
      result: 12,
      done: 12,
      privateCursor: 12,
      sections: r.sections.map((s) => (s.address === BUFFER + 9 ? { ...s, length: 7 } : s)),
    }),
    code: 'replay/result',
  },
  {
    name: 'bytes beside the buffer',
    record: READV,
    outcome: (c) => ({
      ...c,
      pages: c.pages.map((p) => ({
        ...p,
        written: [p.written[0], { ...p.written[1], address: p.written[1].address + 4 }],
        hidden: [p.written[0], { ...p.written[1], address: p.written[1].address + 4 }],
      })),
    }),
    told: (r) => ({
      sections: r.sections.map((s) => (s.address === BUFFER + 9 ? { ...s, address: s.address + 4 } : s)),
    }),
    code: 'replay/sections',
  },
  {
    name: 'another time than the manifest’s clock has',
    record: CLOCK,
    outcome: (c) => ({ ...c, pages: c.pages.map((p) => ({ ...p, bytes: p.bytes.map((b) => b ^ 1) })) }),
    told: (r) => ({
      sections: r.sections.map((s) => ({ ...s, payload: s.payload!.map((b) => b ^ 1) })),
    }),
    code: 'audit/digest',
  },
  {
    name: 'going on elsewhere',
    record: GETPID,
    outcome: (c) => ({ ...c, nextPc: c.nextPc + 4 }),
    told: (r) => ({ nextPc: r.nextPc + 4 }),
    code: 'replay/next-pc',
  },
  {
    name: 'a cursor that stays',
    record: 3,
    outcome: (c) => ({
      ...c,
      registersWritten: c.registersWritten.filter(([slot]) => slot !== 33),
      registersRead: c.registersRead.filter(([slot]) => slot !== 33),
    }),
    told: (r) => ({ publicCursor: r.publicCursor - 8 }),
    code: 'replay/public-cursor',
    quietCode: 'audit/consumed',
  },
  {
    name: 'cycles charged that nobody granted',
    record: GETPID,
    outcome: (c) => ({
      ...c,
      registersRead: [...c.registersRead, [35, 0]],
      registersWritten: [...c.registersWritten, [35, 1000]],
    }),
    told: () => ({ charged: 1000 }),
    code: 'replay/charged',
  },
  {
    name: 'a success told of a read that faults',
    record: FAULTING,
    outcome: sets(10, 0),
    told: () => ({ result: 0, errno: 0, outcome: 'commit', fault: 'none', faultAddress: 0xffffffff }),
    code: 'replay/result',
  },
]

/** A host that lies in one call; its log is written by the honest one. */
const lying = ({ record, outcome }: Lie, note: (call: AuditedCall) => void = () => {}): Forgery => {
  let seq = 0
  return {
    ...program,
    host: (own) => ({
      ecall: (guest): EcallOutcome => {
        const honestly = own.ecall(guest)
        if (seq++ !== record || honestly.kind !== 'audited') return honestly
        const lied = outcome(honestly)
        note(lied)
        return lied
      },
    }),
  }
}

describe('a host that lies', () => {
  it.each(LIES.map((lie) => [lie.name, lie] as const))('%s', async (_, lie) => {
    let lied: AuditedCall | undefined
    const liar = (calls: readonly LoggedCall[]): LoggedCall[] =>
      calls.map((c, i) =>
        i === lie.record && c.kind === 'audited' && lied !== undefined
          ? { ...c, nextPc: lied.nextPc, effects: effectRows(lied) }
          : c,
      )
    // It keeps quiet: the log tells what an honest host would have done, and the run is another.
    const quiet = await forge(kernels, { ...lying(lie), log: honestLog(PUBLIC) })
    expect(quiet.broken, 'quiet').not.toEqual([])
    const { quietCode = 'bus/unbalanced' } = lie
    expect(failureOf(await check(quiet, quiet.log!.bytes))).toMatchObject({ code: quietCode })
    // It tells: the log has every hash right, and nothing but the replay speaks against it.
    const telling = await forge(kernels, {
      ...lying(lie, (call) => (lied = call)),
      log: (own) => {
        const bytes = own.auditBytes()!
        const records = opened(bytes).records.map((r) => r.record)
        const told = logOf(
          own.manifest,
          records.map((r, i) => (i === lie.record ? { ...r, ...lie.told(r) } : r)),
        )
        const calls = liar(replayed(bytes, PUBLIC).calls)
        const { root } = openedLoosely(told)
        return { ...bound(bytes, calls), bytes: told, statement: { ...bound(bytes, calls).statement, root } }
      },
    })
    if (lie.code !== 'bus/unbalanced') expect(telling.broken, 'telling').toEqual([])
    const verdict = await check(telling, telling.log!.bytes)
    expect(failureOf(verdict)).toMatchObject({ code: lie.code })
    if (/^(replay|audit)/.test(lie.code)) expect(failureOf(verdict)).toMatchObject({ record: lie.record })
  })

  it('a call that the log leaves out, and one that it invents: bus/unbalanced', async () => {
    for (const edit of [
      (records: AuditRecord[]) => records.toSpliced(6, 1),
      (records: AuditRecord[]) => records.toSpliced(7, 0, { ...records[6], clk: records[6].clk + 1 }),
    ]) {
      const forged = await forge(kernels, {
        ...program,
        log: (own) => {
          const records = opened(own.auditBytes()!).records.map((r) => r.record)
          const bytes = logOf(own.manifest, edit(records))
          return bound(bytes, replayed(bytes, PUBLIC).calls)
        },
      })
      expect(forged.broken).toContain('Call')
      expect(failureOf(await check(forged, forged.log!.bytes))).toMatchObject({ code: 'bus/unbalanced' })
    }
  })
  it.each<[code: string, seq: number, told: (r: AuditRecord) => Partial<AuditRecord>]>([
    [
      'audit/journal',
      JOURNAL,
      (r) => {
        const payload = r.sections[0].payload!.map((b) => b ^ 1)
        return { sections: [{ ...r.sections[0], payload, digest: sha256(payload) }] }
      },
    ],
    ['audit/exit', EXIT, (r) => ({ args: [1, ...r.args.slice(1)] })],
  ])('what the chips of the streams prove, told otherwise: %s', async (code, seq, told) => {
    const forged = await forge(kernels, {
      ...program,
      log: (own) => {
        const bytes = own.auditBytes()!
        const records = opened(bytes).records.map((r) => r.record)
        const lie = logOf(
          own.manifest,
          records.map((r, i) => (i === seq ? { ...r, ...told(r) } : r)),
        )
        return bound(lie, replayed(bytes, PUBLIC).calls)
      },
    })
    expect(forged.broken).toEqual([])
    expect(failureOf(await check(forged, forged.log!.bytes))).toMatchObject({ code })
  })
  it('the same records under another manifest: audit/manifest', async () => {
    const records = opened(honest.log.bytes).records.map((r) => r.record)
    const other = logOf(parseManifest('{"version":1,"atomic":"linux"}'), records)
    expect(failureOf(await check(honest, other))).toMatchObject({ code: 'audit/manifest' })
  })
  it('numbers that mean others modulo p: audit/pc, audit/clk', async () => {
    const p = 2 ** 31 - 1
    for (const [code, change] of [
      ['audit/pc', (r: AuditRecord) => ({ pc: r.pc + p, nextPc: r.nextPc + p })],
      ['audit/clk', (r: AuditRecord) => ({ clk: r.clk + p })],
    ] as const) {
      const forged = await forge(kernels, {
        ...program,
        source: call(172) + 'ebreak\n',
        log: (own) => {
          const bytes = own.auditBytes()!
          const records = opened(bytes).records.map((r) => ({ ...r.record, ...change(r.record) }))
          return { ...bound(logOf(own.manifest, records), replayed(bytes, PUBLIC).calls) }
        },
      })
      expect(forged.broken).toEqual([])
      const verdict = await check(forged, forged.log!.bytes, { allowFailure: true })
      expect(failureOf(verdict)).toMatchObject({ code, record: 0 })
    }
  })
})

/** The root alone, of a log that may not open. */
function openedLoosely(bytes: Uint8Array): { root: Uint8Array } {
  try {
    return opened(bytes)
  } catch {
    return { root: new Uint8Array(32) }
  }
}

describe('secrets', () => {
  it('no byte of the private input is in the log', () => {
    const bytes = Buffer.from(honest.log.bytes)
    for (let i = 0; i + 4 <= PRIVATE.length; i++)
      expect(bytes.includes(Buffer.from(PRIVATE.subarray(i, i + 4)))).toBe(false)
  })
  it('T-AU-06, and what the console showed is hidden too', () => {
    const record = opened(honest.log.bytes).records[CONSOLE].record
    expect(record.sections).toMatchObject([{ kind: 'outbox', hidden: true }])
    expect(Buffer.from(honest.log.bytes).toString('latin1').split('hello')).toHaveLength(2 + WRITEV - 4)
  })
  it('T-IO-01: the same run three times has one root; T-IO-02: another private byte has another', () => {
    const root = (privateInput: Uint8Array, salt = new Uint8Array(32)): string => {
      const host = bridge({ privateInput, salt })
      host.ecall({
        clk: 1,
        pc: 0,
        page: () => undefined,
        reg: (s) => ({ 17: 63, 11: BUFFER, 12: 8 })[s] ?? 0,
      })
      return toHex(host.log.root)
    }
    expect(new Set([root(PRIVATE), root(PRIVATE), root(PRIVATE)]).size).toBe(1)
    expect(root(PRIVATE.map((b) => b ^ 1))).not.toBe(root(PRIVATE))
    expect(root(PRIVATE, new Uint8Array(32).fill(1))).not.toBe(root(PRIVATE))
  })
})
