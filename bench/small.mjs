// A run of about a thousand cycles: what a proof costs at least, in this process and with the start of one.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { smallGuest } from './guests.mjs'
import { timeProofs } from './proving.mjs'
import { median, secondsSince } from './statistics.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

export async function measureSmall(runs, threads, log) {
  const p = await timeProofs(smallGuest(), 'fast-100', runs, { threads })
  const folder = mkdtempSync(join(tmpdir(), 'vouch-bench-'))
  const timed = (...args) => {
    const start = performance.now()
    execFileSync(process.execPath, [join(root, 'packages/vouch/bin/vouch.js'), ...args], { stdio: 'pipe' })
    return secondsSince(start)
  }
  const several = (...args) => median(Array.from({ length: runs }, () => timed(...args)))
  try {
    const elf = join(root, 'guest-examples/fibonacci/guest.elf')
    const input = ['--public-input', 'hex:bb000000', '--profile', 'fast-100']
    const proving = several('prove', elf, ...input, '--quiet', '--out', join(folder, 'p.vouch'))
    const starting = several('--help')
    log(`\nsmall: ${p.cycles} cycles, fast-100 (${p.provenBits.toFixed(1)} proven bits, not zero-knowledge)`)
    log(
      `  ${p.warmSeconds.toFixed(3)} s warm; ${proving.toFixed(3)} s cold with the process, of which starting ${starting.toFixed(3)} s`,
    )
    return { ...p, processSeconds: proving, startSeconds: starting }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
