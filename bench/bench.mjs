// Prints what runs and proofs cost on this machine:
//
//   npm run bench -- [--guest NAME]... [--profile NAME]... [--runs N] [--threads N] [--phases] [--chips] [--scaling]
//                    [--small] [--compare OLD.json] [--json]
//
// Times are medians over the runs, the first (cold) run apart. Tests assert none of these numbers.
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { measureCeilings } from './ceilings.mjs'
import { compare } from './compare.mjs'
import { measureEngine } from './engine.mjs'
import { exampleGuest } from './guests.mjs'
import { phaseModel } from './phases.mjs'
import { padding, timeProofs } from './proving.mjs'
import { measureScaling } from './scaling.mjs'
import { measureSmall } from './small.mjs'

const { values } = parseArgs({
  options: {
    guest: { type: 'string', multiple: true, default: ['sha256', 'mixed'] },
    profile: { type: 'string', multiple: true, default: ['fast-100', 'proven-100'] },
    runs: { type: 'string', default: '5' },
    threads: { type: 'string' },
    phases: { type: 'boolean', default: false },
    chips: { type: 'boolean', default: false },
    scaling: { type: 'boolean', default: false },
    small: { type: 'boolean', default: false },
    compare: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const positive = (name, text) => {
  const n = Number(text)
  if (!Number.isInteger(n) || n < 1) throw new RangeError(`--${name} takes a positive integer`)
  return n
}
const runs = positive('runs', values.runs)
const threads = values.threads === undefined ? availableParallelism() : positive('threads', values.threads)
const old = values.compare === undefined ? undefined : JSON.parse(readFileSync(values.compare, 'utf8'))
const log = values.json ? () => {} : console.log
const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`
const percent = (x) => `${(100 * x).toFixed(1)} %`

function printProof(p) {
  log(`  ${p.profile} (${p.provenBits.toFixed(1)} proven bits, not zero-knowledge)`)
  log(
    `    prove   ${p.warmSeconds.toFixed(3)} s warm (${p.spread.map((s) => s.toFixed(3)).join(' to ')}), ` +
      `${Math.round(p.cyclesPerSecond)} cycles/s; ${p.coldSeconds.toFixed(3)} s cold`,
  )
  log(
    `    cells   ${p.cycles} cycles, ${p.cellsPerCycle.toFixed(1)} cells a cycle, padding ${percent(padding(p))}`,
  )
  log(`    memory  ${mebibytes(p.peakMemoryBytes)} at most, ${mebibytes(p.estimatedBytes)} estimated`)
  log(`    proof   ${(p.proofBytes / 1024).toFixed(0)} KiB, verified in ${p.verifyMs.toFixed(1)} ms`)
}

function printChips(p) {
  log('    chip                   rows    height  cells a cycle')
  for (const c of p.chips)
    log(
      `    ${c.name.padEnd(18)} ${String(c.rows).padStart(8)} ${String(c.height).padStart(9)} ` +
        `${(c.cells / p.cycles).toFixed(2).padStart(14)}`,
    )
  const sums = p.cells - p.chips.reduce((s, c) => s + c.cells, 0)
  log(`    ${'bus sums'.padEnd(36)} ${(sums / p.cycles).toFixed(2).padStart(14)}`)
}

function printPhases(p, ceilings) {
  const model = phaseModel(p, p.profile, ceilings)
  const total = p.phases.reduce((s, f) => s + f.seconds, 0)
  log('    phase             ms   share   MB moved   of the ceiling')
  for (const { name, seconds } of p.phases) {
    const at = model[name]
    const reached = at === undefined || seconds === 0 ? '' : percent(at.seconds / threads / seconds)
    log(
      `    ${name.padEnd(12)} ${(1000 * seconds).toFixed(1).padStart(7)} ${percent(seconds / total).padStart(7)} ` +
        `${at === undefined ? ''.padStart(10) : (at.bytes / 1e6).toFixed(0).padStart(10)} ${reached.padStart(16)}`,
    )
  }
}

const out = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, threads, runs, guests: {} }
if (values.phases || old !== undefined) out.ceilings = await measureCeilings()
out.engine = measureEngine(runs)
log(
  `engine: ${out.engine.untraced.mips.toFixed(0)} M instructions/s, ${out.engine.traced.mips.toFixed(1)} traced; ${threads} threads`,
)
for (const name of values.guest) {
  const guest = exampleGuest(name)
  log(`\n${name}`)
  out.guests[name] = { proofs: [] }
  for (const profile of values.profile) {
    const p = await timeProofs(guest, profile, runs, { threads })
    out.guests[name].proofs.push(p)
    printProof(p)
    if (values.phases) printPhases(p, out.ceilings)
    if (values.chips) printChips(p)
  }
}
if (values.small) out.small = await measureSmall(runs, threads, log)
if (values.scaling) out.scaling = await measureScaling(values.profile[0], threads, log)
if (old !== undefined) compare(old, out, log)
if (values.json) console.log(JSON.stringify(out, null, 2))
