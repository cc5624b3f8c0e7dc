// Proofs of one guest under one profile, timed: medians over the runs after a first, cold one.
import { imageId, prove, verify } from 'vouch'
import { median, secondsSince } from './statistics.mjs'

export async function timeProofs(guest, profile, runs, options = {}) {
  const id = await imageId(guest.elf, profile)
  const results = []
  for (let i = 0; i < runs + 1; i++) {
    globalThis.gc?.()
    const start = performance.now()
    const { proof, report } = await prove(guest.elf, { ...guest, ...options, profile })
    const proveSeconds = secondsSince(start)
    results.push({ report, proof, proveSeconds })
  }
  const [cold, ...warm] = results
  const { report, proof } = warm.at(-1)
  const verifySeconds = await timeVerifications(proof, id, guest.publicInput)
  const warmSeconds = median(warm.map((r) => r.proveSeconds))
  return {
    profile,
    cycles: report.cycles,
    cells: report.cells,
    cellsPerCycle: report.cellsPerCycle,
    coldSeconds: cold.proveSeconds,
    warmSeconds,
    spread: [Math.min(...warm.map((r) => r.proveSeconds)), Math.max(...warm.map((r) => r.proveSeconds))],
    cyclesPerSecond: report.cycles / warmSeconds,
    phases: report.phases.map(({ name }) => ({
      name,
      seconds: median(warm.map((r) => r.report.phases.find((p) => p.name === name)?.seconds ?? 0)),
    })),
    verifyMs: 1000 * median(verifySeconds),
    proofBytes: report.proofBytes,
    peakMemoryBytes: report.peakMemoryBytes,
    estimatedBytes: report.estimate.bytes,
    provenBits: report.security.provenUDR.bits,
    zeroKnowledge: false,
    chips: report.chips,
  }
}

/** Seconds of each of twenty verifications, after as many that are not counted. */
async function timeVerifications(proof, imageId, publicInput) {
  const seconds = []
  for (let i = 0; i < 40; i++) {
    const from = performance.now()
    const verdict = await verify(proof, { imageId, publicInput })
    seconds.push(secondsSince(from))
    if (!verdict.ok) throw new Error(`the bench's own proof was rejected: ${verdict.failure.message}`)
  }
  return seconds.slice(20)
}

/** Cells of padding for each cell that a row needs. */
export const padding = ({ chips }) => {
  const sum = (of) => chips.reduce((total, c) => total + of(c), 0)
  return sum((c) => c.cells) / sum((c) => (c.cells / c.height) * c.rows) - 1
}
