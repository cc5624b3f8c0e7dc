// Prints what host calls cost on this machine: npm run bench:bridge -- [--calls N] [--profile NAME] [--runs N] [--json]
// Times are medians over the runs after a first one that is not counted, with the shortest beside them. Tests assert none
// of these numbers.
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MAX_STREAM_BYTES, bridge } from '@vouch/bridge'
import { createAuditFile, nativeSha256 } from '@vouch/bridge/node'
import { parseElf, run } from '@vouch/engine'
import { assembleElf } from '@vouch/engine/assembler'
import { prove, verify } from 'vouch'

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '100000' },
    profile: { type: 'string', multiple: true, default: ['fast-100', 'proven-100'] },
    runs: { type: 'string', default: '9' },
    json: { type: 'boolean', default: false },
  },
})
const positive = (name) => {
  const n = Number(values[name])
  if (!Number.isInteger(n) || n < 1) throw new RangeError(`--${name} takes a positive integer`)
  return n
}
const runs = positive('runs')
const calls = positive('calls')
const log = values.json ? () => {} : console.log
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1]
const stats = (list) => ({ min: Math.min(...list), median: median(list) })

const READ_BYTES = 65536
const READS = MAX_STREAM_BYTES / READ_BYTES
const STREAMS = { private: 0, public: 4 }

const EXIT = 'li a0, 0\n li a7, 93\n ecall'

/** `body` runs `count` times, in `instructions` that do not depend on it. */
const loop = (count, before, body) => `
  ${before}
  li s0, ${count}
again:
  ${body}
  addi s0, s0, -1
  bne s0, zero, again
  ${EXIT}`
const program = (source) => parseElf(assembleElf(source))

const getpidLoop = program(loop(calls, 'li a7, 172', 'ecall'))
const emptyLoop = program(loop(calls, 'li a7, 172', 'nop'))
const startOnly = program(EXIT)
const readLoop = (fd) =>
  program(loop(READS, `li a7, 63\n la a1, 0x100000\n li a2, ${READ_BYTES}`, `li a0, ${fd}\n ecall`))

/** One buffer of `length` bytes at 0x100000, and the call's arguments. */
const readvSetup = (length) => `
  li t0, 0x80000
  li t1, 0x100000
  li t2, ${length}
  sw t1, 0(t0)
  sw t2, 4(t0)
  mv a1, t0
  li a2, 1
  li a7, 65`
const readvLoop = (fd) => program(loop(READS, readvSetup(READ_BYTES), `li a0, ${fd}\n ecall`))

/** Milliseconds of one run, with its bridge. */
function once(guest, { sink, close, ...rest } = {}) {
  const host = bridge({ sha256: nativeSha256, ...rest, ...(sink === undefined ? {} : { sink }) })
  const start = performance.now()
  const { halt } = run(guest, host, {})
  sink?.flush()
  const time = performance.now() - start
  close?.()
  if (halt.kind !== 'exit' || halt.code !== 0) throw new Error(`the guest ended with ${JSON.stringify(halt)}`)
  return { host, time }
}

/**
 * Milliseconds of `guest`, of `empty`, which is the same without its calls, and what the calls took: all that is more than
 * the shortest run without them. The two take turns, so that both see the same machine. Log bytes are of all calls but exit.
 */
function timed(guest, empty, options = () => ({}), inspect = () => {}) {
  const whole = []
  const bare = []
  let logBytes = 0
  for (let i = 0; i < runs + 1; i++) {
    const without = once(empty)
    const { host, time } = once(guest, options())
    inspect(host)
    logBytes = host.log.bytes - without.host.log.bytes
    if (i === 0) continue
    whole.push(time)
    bare.push(without.time)
  }
  const [a, b] = [stats(whole), stats(bare)]
  return { whole: a, bare: b, calls: { min: a.min - b.min, median: a.median - b.min }, logBytes }
}

/** Microseconds a call, with the loop around it and without. */
function nullCall() {
  const micros = ({ min, median: middle }) => ({ min: (min * 1000) / calls, median: (middle * 1000) / calls })
  const of = (options) => {
    const times = timed(getpidLoop, emptyLoop, options)
    return {
      withLoop: micros(times.whole),
      loop: micros(times.bare),
      withoutLoop: micros(times.calls),
      logBytesPerCall: times.logBytes / calls,
    }
  }
  const folder = mkdtempSync(join(tmpdir(), 'vouch-bench-'))
  const file = () => {
    const sink = createAuditFile(join(folder, 'audit'))
    return { sink, close: () => sink.close() }
  }
  try {
    return { calls, memory: of(), file: of(file) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** SHA-256 with its own clock. */
function clockedSha256() {
  const clocked = (...parts) => {
    const start = performance.now()
    const digest = nativeSha256(...parts)
    clocked.milliseconds += performance.now() - start
    return digest
  }
  clocked.milliseconds = 0
  return clocked
}

/** Reads of 64 KiB until the stream has no more; the start of a run and the loop are not counted. */
function reading(guest, stream) {
  const input = new Uint8Array(MAX_STREAM_BYTES).map((_, i) => i * 197)
  const hashing = []
  let sha256
  let audited = false
  const { calls: net, logBytes } = timed(
    guest,
    startOnly,
    () => ({ [`${stream}Input`]: input, sha256: (sha256 = clockedSha256()) }),
    (host) => {
      if (host[`${stream}Consumed`] !== input.length) throw new Error('the guest did not read all')
      hashing.push(sha256.milliseconds)
      audited = host.auditedCalls > 0
    },
  )
  const rate = (milliseconds) => input.length / milliseconds / 1000
  return {
    best: rate(net.min),
    median: rate(net.median),
    hashingShare: median(hashing.slice(1)) / net.median,
    audited,
    logBytesPerCall: logBytes / READS,
  }
}

const CHIPS = ['call', 'effect', 'effect-hidden', 'effect-bytes']

/** A proof of one readv of 64 KiB, and what its words cost in the chips of audited calls. */
async function proving(stream, profile) {
  const elf = assembleElf(`${readvSetup(READ_BYTES)}\n li a0, ${STREAMS[stream]}\n ecall\n ${EXIT}`)
  const input = { [`${stream}Input`]: new Uint8Array(READ_BYTES).map((_, i) => i * 197) }
  const { proof, audit, imageId, report } = await prove(elf, { ...input, profile, sha256: nativeSha256 })
  const times = []
  for (let i = 0; i < runs + 1; i++) {
    const verdict = await verify(proof, { imageId, audit })
    if (!verdict.ok) throw new Error(`the bench's own proof was rejected: ${verdict.failure.message}`)
    if (i > 0) times.push(verdict.seconds)
  }
  // The buffer, and the two words that say where it is.
  const words = READ_BYTES / 4 + 2
  const chips = report.chips
    .filter(({ name }) => CHIPS.includes(name))
    .map(({ name, rows, height, cells }) => ({ name, rows, height, cells, width: cells / height }))
  const sum = (value) => chips.reduce((total, chip) => total + value(chip), 0)
  return {
    stream,
    profile,
    words,
    chips,
    cellsPerWord: sum(({ rows, width }) => rows * width) / words,
    committedCellsPerWord: sum(({ cells }) => cells) / words,
    allCellsPerWord: report.cells / words,
    proveSeconds: report.seconds,
    verifySeconds: stats(times),
    proofBytes: proof.length,
    logBytes: audit.length,
    provenBits: report.security.provenUDR.bits,
    zeroKnowledge: false,
  }
}

const out = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, runs }

out.nullCall = nullCall()
log(`getpid, audited, in µs a call: median of ${runs} runs of ${calls} calls (shortest)`)
const micros = ({ min, median: middle }) => `${middle.toFixed(2)} (${min.toFixed(2)})`
for (const sink of ['memory', 'file']) {
  const { withLoop, loop: alone, withoutLoop, logBytesPerCall } = out.nullCall[sink]
  log(
    `  log in ${sink.padEnd(6)} ${micros(withoutLoop)}; with the loop ${micros(withLoop)}, which is ${micros(alone)}; ${logBytesPerCall.toFixed(0)} bytes of log`,
  )
}

out.reads = {}
log(`\nreads of 64 KiB, in MB/s: median of ${runs} runs of ${READS} reads (fastest)`)
for (const [kind, guest] of [
  ['read', readLoop],
  ['readv', readvLoop],
])
  for (const stream of Object.keys(STREAMS)) {
    const r = reading(guest(STREAMS[stream]), stream)
    out.reads[`${kind} ${stream}`] = r
    log(
      `  ${`${kind} ${stream}`.padEnd(13)} ${r.audited ? 'audited' : 'direct '} ${r.median.toFixed(0)} (${r.best.toFixed(0)}); ${(r.hashingShare * 100).toFixed(0)} % of it SHA-256; ${r.logBytesPerCall.toFixed(0)} bytes of log a call`,
    )
  }

out.proofs = []
for (const profile of values.profile)
  for (const stream of Object.keys(STREAMS)) {
    const p = await proving(stream, profile)
    out.proofs.push(p)
    log(
      `\nreadv of 64 KiB of the ${stream} input, ${profile} (${(Math.floor(p.provenBits * 10) / 10).toFixed(1)} proven bits, not zero-knowledge)`,
    )
    for (const { name, rows, height, width, cells } of p.chips)
      log(
        `  ${name.padEnd(13)} ${rows} rows of ${width} cells; ${cells} cells in ${height} rows with padding`,
      )
    log(
      `  a word       ${p.cellsPerWord.toFixed(1)} cells, ${p.committedCellsPerWord.toFixed(1)} with padding; ${p.allCellsPerWord.toFixed(1)} of all chips`,
    )
    log(
      `  verify       ${(p.verifySeconds.median * 1000).toFixed(1)} ms (${(p.verifySeconds.min * 1000).toFixed(1)}); prove ${p.proveSeconds.toFixed(2)} s; proof ${(p.proofBytes / 1024).toFixed(0)} KiB, log ${(p.logBytes / 1024).toFixed(0)} KiB`,
    )
  }
if (values.json) console.log(JSON.stringify(out, null, 2))
