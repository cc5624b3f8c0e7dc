// Instructions a second of the engine alone, on long runs: starting a run costs a few milliseconds.
import { parseElf, run, trace } from '@vouch/engine'
import { bridge } from '@vouch/bridge'
import { mixedGuest } from './guests.mjs'
import { median, secondsSince } from './statistics.mjs'

function time(rounds, runs, execute) {
  const { elf, publicInput } = mixedGuest(rounds)
  const program = parseElf(elf)
  const rates = []
  let cycles = 0
  for (let i = 0; i < runs + 1; i++) {
    const start = performance.now()
    cycles = execute(program, bridge({ publicInput }), {}).halt.cycle
    rates.push(cycles / secondsSince(start) / 1e6)
  }
  return { cycles, mips: median(rates.slice(1)) }
}

export const measureEngine = (runs) => ({
  untraced: time(1024, runs, run),
  traced: time(256, runs, trace),
})
