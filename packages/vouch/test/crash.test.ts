import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openLog, parseManifest, recover } from '@vouch/bridge'
import type { OpenedLog } from '@vouch/bridge'
import { nativeSha256 } from '@vouch/bridge/node'
import { bytesSource, openTrace } from '@vouch/engine'
import { openTraceFile } from '@vouch/engine/node'
import { beforeAll, describe, expect, it } from 'vitest'
import { resumeToFiles, runToFiles } from '../src/node.ts'
import { busyGuest } from './crash-guest.ts'
import { vouch, workFolder } from './support.ts'

const BIN = fileURLToPath(new URL('../bin/vouch.js', import.meta.url))
const LONG = process.env['VOUCH_LONG'] === '1'
const KILLS = LONG ? 200 : 6
const CUTS = LONG ? 400 : 25
const TIMEOUT = LONG ? 3_600_000 : 180_000
const SEED = Number(process.env['VOUCH_SEED'] ?? 1)

const folder = workFolder()
const at = (name: string): string => folder.path(name)
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(at(name)))
const digest = (name: string): string =>
  createHash('sha256')
    .update(readFileSync(at(name)))
    .digest('hex')
const SALT = new Uint8Array(32).fill(0x5a)

/** Numbers in [0, 1), the same for the same seed. */
function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What an uninterrupted run wrote. */
interface Reference {
  readonly trace: Uint8Array
  readonly log: Uint8Array
  readonly records: OpenedLog['records']
}

function reference(trace: string, audit: string): Reference {
  const log = read(audit)
  const opened = openLog(log, nativeSha256) as OpenedLog
  expect(opened.ok).toBe(true)
  return { trace: read(trace), log, records: opened.records }
}

const startsWith = (all: Uint8Array, start: Uint8Array): boolean =>
  start.length <= all.length && Buffer.compare(all.subarray(0, start.length), start) === 0

/** What is in the files is what the uninterrupted run wrote, up to a whole record and a whole chunk. */
function expectPrefixes(of: Reference, trace: string, audit: string): { records: number; chunks: number } {
  let records = 0
  let chunks = 0
  if (existsSync(at(audit))) {
    const bytes = read(audit)
    expect(startsWith(of.log, bytes)).toBe(true)
    const { log, validBytes, reason } = recover(bytes, nativeSha256)
    if (reason !== undefined) expect(reason.code).toBe('audit/truncated')
    if (log.ok) {
      records = log.records.length
      expect(log.records.at(-1)).toEqual(of.records[records - 1])
      expect(startsWith(of.log, bytes.subarray(0, validBytes))).toBe(true)
    } else expect(validBytes).toBe(0)
  }
  if (existsSync(at(trace))) {
    const bytes = read(trace)
    expect(startsWith(of.trace, bytes)).toBe(true)
    chunks = chunksIn(bytes)
  }
  return { records, chunks }
}

/** Reads and checks every chunk. A file without a whole header has none. */
function chunksIn(bytes: Uint8Array): number {
  try {
    const { damage, chunkCount } = openTrace(bytesSource(bytes), { recover: true })
    expect(damage).toBeUndefined()
    return chunkCount
  } catch (error) {
    if (bytes.length > 0) expect(error).toMatchObject({ code: 'trace/truncated' })
    return 0
  }
}

const OUTSIDE = ['before the files', 'after the end']

describe('a host that is killed', () => {
  const ARGS = ['run', 'g.elf', '--input', 'file:g.private', '--public-input', 'file:g.public']
  const SALTED = [...ARGS, '--salt', `hex:${Buffer.from(SALT).toString('hex')}`]
  const FILES = ['--trace', 'T', '--audit', 'A']
  const NAMES = ['T', 'A', 'T.partial', 'A.partial']
  let whole: Reference
  /** Milliseconds from the start of a process to its first file, and to its end. */
  let began = 0
  let ended = 0

  beforeAll(async () => {
    const guest = busyGuest(1500, 300)
    writeFileSync(at('g.elf'), guest.elf)
    writeFileSync(at('g.private'), guest.privateInput)
    writeFileSync(at('g.public'), guest.publicInput)
    const start = performance.now()
    const timer = setInterval(() => {
      if (began === 0 && existsSync(at('A0.partial'))) began = performance.now() - start
    }, 2)
    expect(await runFor(Infinity, ['--trace', 'T0', '--audit', 'A0'])).toBe('ended')
    clearInterval(timer)
    ended = performance.now() - start
    whole = reference('T0', 'A0')
    // Several chunks and some thousand calls, or the kills would meet little.
    expect(openTraceFile(at('T0')).chunkCount).toBeGreaterThan(4)
    expect(whole.records.length).toBeGreaterThan(10_000)
  }, 120_000)

  /** One process, killed after `delay` milliseconds if it has not ended. */
  function runFor(delay: number, more: readonly string[]): Promise<'killed' | 'ended'> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [BIN, ...SALTED, ...more], {
        cwd: folder.path(''),
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      let errors = ''
      child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
      const timer =
        delay === Infinity ? undefined : setTimeout(() => child.kill('SIGKILL'), Math.round(delay))
      child.on('error', reject)
      child.on('close', (status, signal) => {
        clearTimeout(timer)
        if (signal === 'SIGKILL') resolve('killed')
        else if (status === 0) resolve('ended')
        else reject(new Error(`status ${status}: ${errors}`))
      })
    })
  }

  /** How far the run came that left these files. */
  function phase(): string {
    const [T, A, Tp, Ap] = NAMES.map((name) => existsSync(at(name)))
    if (T && A) return 'after the end'
    if (T || A) return 'between the two names'
    if (!Tp && !Ap) return 'before the files'
    const { records, chunks } = expectPrefixes(whole, 'T.partial', 'A.partial')
    if (records === whole.records.length) return 'at the end'
    return records === 0 && chunks === 0 ? 'before the first record' : 'in the run'
  }

  const expectFinal = async (): Promise<void> => {
    expect(digest('T')).toBe(digest('T0'))
    expect(digest('A')).toBe(digest('A0'))
    expect((await folder.names()).filter((name) => NAMES.includes(name))).toEqual(['A', 'T'])
    for (const name of NAMES) rmSync(at(name), { force: true })
  }

  it(
    `recovers and resumes after SIGKILL at ${KILLS} random moments`,
    async () => {
      const next = random(SEED)
      // One in ten while the program loads.
      const moment = (): number => (next() < 0.1 ? next() * began : began + next() * 1.05 * (ended - began))
      const phases = new Map<string, number>()
      const resumedPhases = new Map<string, number>()
      const kill = async (more: readonly string[], counts: Map<string, number>): Promise<void> => {
        const outcome = await runFor(moment(), more)
        const found = outcome === 'ended' ? 'after the end' : phase()
        counts.set(found, (counts.get(found) ?? 0) + 1)
      }
      // What comes before the files or after the end is survived too, but is no kill of a run.
      const kills = (): number =>
        [...phases, ...resumedPhases].reduce((sum, [name, n]) => sum + (OUTSIDE.includes(name) ? 0 : n), 0)
      while (kills() < KILLS) {
        await kill(FILES, phases)
        // A third of the runs are killed again while they go on, and a third of those once more.
        while (kills() < KILLS && existsSync(at('T.partial')) && next() < 1 / 3)
          await kill([...FILES, '--resume'], resumedPhases)
        const isLeft = existsSync(at('T.partial')) || existsSync(at('A.partial'))
        if (isLeft) await runFor(Infinity, [...FILES, '--resume'])
        else if (!existsSync(at('A'))) await runFor(Infinity, FILES)
        await expectFinal()
      }
      const shown = (counts: Map<string, number>): string =>
        [...counts].map(([name, n]) => `${n} ${name}`).join(', ') || 'none'
      process.stdout.write(
        `${kills()} kills of a run, files from ${Math.round(began)} to ${Math.round(ended)} ms, seed ${SEED}: ${shown(phases)}; ` +
          `of resumed runs: ${shown(resumedPhases)}\n`,
      )
    },
    TIMEOUT,
  )

  /** What a kill leaves before the second file is made, and between the two names. */
  it.each<[string, Readonly<Record<string, 'empty' | 'whole'>>]>([
    ['one file made', { 'T.partial': 'empty' }],
    ['trace has its name', { T: 'whole', 'A.partial': 'whole' }],
  ])('goes on: %s', async (_name, files) => {
    for (const [name, size] of Object.entries(files))
      writeFileSync(at(name), size === 'empty' ? '' : name === 'T' ? whole.trace : whole.log)
    await runFor(Infinity, [...FILES, '--resume'])
    await expectFinal()
  })

  it(
    'goes on with advice that only the log has',
    async () => {
      writeFileSync(at('advice.json'), '{"version":1,"clock":{"mode":"advice"}}')
      const more = [...FILES, '--manifest', 'advice.json']
      const next = random(SEED + 3)
      for (let i = 0; i < (LONG ? 20 : 1); i++) {
        await runFor(began + next() * (ended - began), more)
        const left = NAMES.filter((name) => existsSync(at(name)))
        const before = new Map(left.map((name) => [name.replace('.partial', ''), read(name)]))
        if (left.length === 0) await runFor(Infinity, more)
        else if (left.some((name) => name.endsWith('.partial'))) await runFor(Infinity, [...more, '--resume'])
        expect(openLog(read('A'), nativeSha256)).toMatchObject({ ok: true })
        const reader = openTraceFile(at('T'), { recover: true })
        expect(reader).toMatchObject({ complete: true, damage: undefined })
        reader.close()
        // What was written before the kill stands, up to a whole record and a full chunk.
        const { validBytes = 0 } = before.has('A') ? recover(before.get('A')!, nativeSha256) : {}
        expect(startsWith(read('A'), (before.get('A') ?? SALT).subarray(0, validBytes))).toBe(true)
        const trace = before.get('T') ?? new Uint8Array(0)
        if (trace.length > 0) {
          const { fullBytes } = openTrace(bytesSource(trace), { recover: true })
          expect(startsWith(read('T'), trace.subarray(0, fullBytes))).toBe(true)
        }
        const verified = await vouch(['audit', 'verify', 'A', '--public-input', 'file:g.public', '--json'], {
          cwd: folder.path(''),
        })
        expect(verified.status).toBe(0)
        for (const name of NAMES) rmSync(at(name), { force: true })
      }
    },
    TIMEOUT,
  )

  it('says why it does not go on', async () => {
    const cut = (): void => {
      writeFileSync(at('T.partial'), whole.trace.subarray(0, whole.trace.length >> 1))
      writeFileSync(at('A.partial'), whole.log.subarray(0, whole.log.length >> 1))
    }
    const inFolder = (args: readonly string[]) => vouch(args, { cwd: folder.path('') })
    const nothing = await inFolder([...SALTED, ...FILES, '--resume'])
    expect(nothing).toMatchObject({
      status: 2,
      stdout: '',
      stderr: 'error: --trace: there is no T.partial to go on with\n',
    })
    writeFileSync(at('T'), whole.trace)
    const ended = await inFolder([...SALTED, ...FILES, '--resume', '--json'])
    expect(ended.status).toBe(2)
    expect(JSON.parse(ended.stdout)).toMatchObject({
      error: { code: 'file/unreadable', message: expect.stringContaining('came to its end') },
    })
    rmSync(at('T'))
    cut()
    for (const [args, code] of [
      [[...ARGS, ...FILES], 'bridge/resume'],
      [[...ARGS, '--salt', `hex:${'00'.repeat(32)}`, ...FILES], 'bridge/resume'],
      [
        [...SALTED.slice(0, 4), '--public-input', 'text:other', ...SALTED.slice(6), ...FILES],
        'bridge/resume',
      ],
      [
        [...SALTED.slice(0, 6), '--trace', 'T', '--public-input', 'text:other'].filter(
          (_, i) => i < 4 || i > 5,
        ),
        'trace/resume',
      ],
    ] as const) {
      const outcome = await inFolder([...args, '--resume', '--json'])
      expect(JSON.parse(outcome.stdout), args.join(' ')).toMatchObject({ ok: false, error: { code } })
      expect(outcome.status).toBe(2)
    }
    const salt = await inFolder([...ARGS, ...FILES, '--resume'])
    expect(salt.stderr).toMatch(/^error: record 2 .*--salt/)
    // Nothing was lost: with what the run had, it still goes on.
    await runFor(Infinity, [...FILES, '--resume'])
    await expectFinal()
  })
})

describe('files that are cut', () => {
  const guest = busyGuest(150, 1200)
  const { elf, ...inputs } = guest
  const options = { ...inputs, salt: SALT }
  let whole: Reference

  beforeAll(() => {
    runToFiles(elf, { trace: at('T1'), audit: at('A1') }, options)
    whole = reference('T1', 'A1')
  })

  const expectGoesOn = (traceBytes: number, logBytes: number): void => {
    writeFileSync(at('T2'), whole.trace.subarray(0, traceBytes))
    writeFileSync(at('A2'), whole.log.subarray(0, logBytes))
    expectPrefixes(whole, 'T2', 'A2')
    const { halt } = resumeToFiles(elf, { trace: at('T2'), audit: at('A2') }, options)
    const what = `cut at ${traceBytes} and ${logBytes}`
    expect(halt, what).toMatchObject({ kind: 'exit', code: 0 })
    expect(digest('T2'), what).toBe(digest('T1'))
    expect(digest('A2'), what).toBe(digest('A1'))
  }

  it.each<[string, number, number]>([
    ['both empty', 0, 0],
    ['header of the trace torn', 20, 0],
    ['header of the log torn', 0, 60],
    ['trace whole, log behind', Infinity, 30_000],
    ['log whole, trace behind', 1_000_000, Infinity],
    ['both whole', Infinity, Infinity],
  ])('%s', (_name, traceBytes, logBytes) => expectGoesOn(traceBytes, logBytes))

  it('advice is in the log before a trace shows it', () => {
    const seen: { readonly cycles: number; readonly records: number }[] = []
    const look = (): void => {
      const reader = openTraceFile(at('T3'))
      const { log } = recover(read('A3'), nativeSha256)
      seen.push({ cycles: reader.cycles, records: log.ok ? log.records.length : 0 })
      reader.close()
    }
    const manifest = parseManifest('{"version":1,"clock":{"mode":"advice"}}')
    runToFiles(elf, { trace: at('T3'), audit: at('A3') }, { ...options, manifest, onProgress: look })
    const { records } = reference('T3', 'A3')
    expect(new Set(seen.map(({ cycles }) => cycles)).size).toBeGreaterThan(2)
    for (const { cycles, records: written } of seen)
      expect(written).toBeGreaterThanOrEqual(records.filter(({ record }) => record.clk <= cycles).length)
  })

  it(
    `at ${CUTS} random bytes`,
    async () => {
      const next = random(SEED + 1)
      const place = (length: number): number => {
        const kind = next()
        if (kind < 0.1) return Math.min(length, Math.floor(next() * 600))
        return kind < 0.2 ? length - Math.floor(next() * 300) : Math.floor(next() * (length + 1))
      }
      for (let i = 0; i < CUTS; i++) {
        expectGoesOn(place(whole.trace.length), place(whole.log.length))
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    TIMEOUT,
  )
})
