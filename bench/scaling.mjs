// Seconds by length of the run, and the line through them.
import { mixedGuest } from './guests.mjs'
import { timeProofs } from './proving.mjs'
import { fitLine } from './statistics.mjs'

/** Rounds of 'mixed': 2^14 to 2^22 cycles. */
const ROUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256]

export async function measureScaling(profile, threads, log) {
  log(`\nscaling of 'mixed', ${profile}`)
  const points = []
  let provenBits = Infinity
  for (const rounds of ROUNDS) {
    try {
      const p = await timeProofs(mixedGuest(rounds), profile, 1, { threads })
      points.push({ x: p.cycles, y: p.warmSeconds, memory: p.peakMemoryBytes, bytes: p.proofBytes })
      provenBits = Math.min(provenBits, p.provenBits)
    } catch (error) {
      if (error.code !== 'prover/out-of-memory') throw error
      log(`  ${rounds} rounds: ${error.message}`)
      break
    }
    const { x, y, memory, bytes } = points.at(-1)
    log(
      `  ${String(x).padStart(8)} cycles  ${y.toFixed(3).padStart(7)} s  ${(x / y / 1000).toFixed(0).padStart(5)} k cycles/s  ` +
        `${(memory / 2 ** 20).toFixed(0).padStart(5)} MiB  ${(bytes / 1024).toFixed(0).padStart(5)} KiB`,
    )
  }
  const line = fitLine(points)
  const worst = Math.max(...points.map(({ x, y }) => Math.abs(line.fixed + line.slope * x - y) / y))
  log(
    `  ${(1000 * line.fixed).toFixed(0)} ms and ${(1e6 * line.slope).toFixed(3)} µs a cycle ` +
      `(${(1 / line.slope / 1000).toFixed(0)} k cycles/s), off by ${(100 * worst).toFixed(0)} % at most; ${provenBits.toFixed(1)} proven bits`,
  )
  return { profile, points, ...line, worst, provenBits }
}
