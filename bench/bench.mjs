// Prints what a run and a proof cost on this machine: npm run bench -- [--guest NAME] [--profile NAME] [--runs N] [--json]
// Times are medians over the runs, the first (cold) run apart. Tests assert none of these numbers.
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parseElf, run, trace } from '@vouch/engine'
import { bridge } from '@vouch/bridge'
import { imageId, prove, verify } from 'vouch'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { values } = parseArgs({
  options: {
    guest: { type: 'string', multiple: true, default: ['fibonacci', 'sha256'] },
    profile: { type: 'string', multiple: true, default: ['fast-100', 'proven-100'] },
    runs: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
})
const runs = Number(values.runs)
if (!Number.isInteger(runs) || runs < 1) throw new RangeError('--runs takes a positive integer')
const log = values.json ? () => {} : console.log
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1]
const seconds = (from) => (performance.now() - from) / 1000

function example(name) {
  const folder = join(root, 'guest-examples', name)
  const spec = JSON.parse(readFileSync(join(folder, 'example.json'), 'utf8'))
  const bytes = (v) =>
    v === undefined || v === null
      ? new Uint8Array(0)
      : v.startsWith('file:')
        ? new Uint8Array(readFileSync(join(folder, v.slice(5))))
        : Uint8Array.from(Buffer.from(v.replace(/^hex:/, ''), 'hex'))
  return {
    elf: new Uint8Array(readFileSync(join(folder, 'guest.elf'))),
    privateInput: bytes(spec.privateInput),
    publicInput: bytes(spec.publicInput),
  }
}

/** Instructions a second of the engine alone, on long runs: starting a run costs a few milliseconds. */
function execution() {
  const program = parseElf(example('mixed').elf)
  const time = (rounds, execute) => {
    const publicInput = new Uint8Array(new Uint32Array([rounds]).buffer)
    const rates = []
    let cycles = 0
    for (let i = 0; i < runs + 1; i++) {
      const start = performance.now()
      cycles = execute(program, bridge({ publicInput }), {}).halt.cycle
      rates.push(cycles / seconds(start) / 1e6)
    }
    return { cycles, mips: median(rates.slice(1)) }
  }
  return { untraced: time(1024, run), traced: time(256, trace) }
}

async function proving(guest, profile) {
  const id = await imageId(guest.elf, profile)
  const results = []
  for (let i = 0; i < runs + 1; i++) {
    const start = performance.now()
    const { proof, report } = await prove(guest.elf, { ...guest, profile })
    const proveSeconds = seconds(start)
    const verifyStart = performance.now()
    const verdict = await verify(proof, { imageId: id, publicInput: guest.publicInput })
    if (!verdict.ok) throw new Error(`the bench's own proof was rejected: ${verdict.failure.message}`)
    results.push({ report, proveSeconds, verifySeconds: seconds(verifyStart) })
  }
  const [cold, ...warm] = results
  const report = warm[0].report
  const phases = report.phases.map(({ name }, i) => ({
    name,
    seconds: median(warm.map((r) => r.report.phases[i].seconds)),
  }))
  const warmSeconds = median(warm.map((r) => r.proveSeconds))
  return {
    profile,
    cycles: report.cycles,
    cells: report.cells,
    cellsPerCycle: report.cellsPerCycle,
    coldSeconds: cold.proveSeconds,
    warmSeconds,
    cyclesPerSecond: report.cycles / warmSeconds,
    phases,
    verifyMs: median(warm.map((r) => r.verifySeconds)) * 1000,
    proofBytes: report.proofBytes,
    peakMemoryBytes: report.peakMemoryBytes,
    provenBits: report.security.provenUDR.bits,
    zeroKnowledge: false,
    chips: report.chips,
  }
}

const out = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, runs, guests: {} }
out.engine = execution()
log(
  `engine: ${out.engine.untraced.mips.toFixed(1)} M instructions/s, ${out.engine.traced.mips.toFixed(1)} traced`,
)
for (const name of values.guest) {
  const guest = example(name)
  log(`\n${name}`)
  out.guests[name] = { proofs: [] }
  for (const profile of values.profile) {
    const p = await proving(guest, profile)
    out.guests[name].proofs.push(p)
    log(`  ${profile} (${p.provenBits.toFixed(1)} proven bits, not zero-knowledge)`)
    log(
      `    prove  ${p.warmSeconds.toFixed(3)} s warm (${Math.round(p.cyclesPerSecond)} cycles/s), ${p.coldSeconds.toFixed(3)} s cold`,
    )
    log(
      `    cells  ${p.cycles} cycles, ${p.cells} cells committed, ${p.cellsPerCycle.toFixed(1)} a cycle; peak ${(p.peakMemoryBytes / 2 ** 20).toFixed(0)} MiB`,
    )
    log(`    proof  ${(p.proofBytes / 1024).toFixed(0)} KiB, verify ${p.verifyMs.toFixed(1)} ms`)
    log(`    phases ${p.phases.map((f) => `${f.name} ${(f.seconds * 1000).toFixed(0)}`).join(', ')} ms`)
  }
}
if (values.json) console.log(JSON.stringify(out, null, 2))
