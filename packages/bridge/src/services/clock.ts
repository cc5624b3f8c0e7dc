import { EFAULT, EINVAL, EPERM } from '../errno.ts'
import type { Manifest } from '../manifest.ts'
import type { Transaction } from '../transaction.ts'

const CLOCK_BOOTTIME = 7
/** REALTIME and REALTIME_COARSE. */
const isWallClock = (clock: number): boolean => clock === 0 || clock === 5
const NANO = 1e9

/** clock_gettime64. In mode 'counter' time is a function of the cycle; in mode 'advice' it never falls. */
export function clockGettime(tx: Transaction, clock: number, pointer: number): number {
  const { mode } = tx.environment.manifest.clock
  if (clock > CLOCK_BOOTTIME) return -EINVAL
  if (mode === 'none') return -EPERM
  // Before the outside is asked: a call that fails keeps nothing that it was told.
  const ready = tx.inRam(pointer, 16) ? tx.prefix(pointer, 16, true) : 0
  if (ready < 16) {
    if (tx.fault === 'none') tx.faultAt(pointer + ready, true)
    return -EFAULT
  }
  const { seconds, nanoseconds } =
    mode === 'advice' ? advised(tx) : counted(tx, tx.environment.manifest.clock, clock)
  return tx.store(pointer, [seconds % 2 ** 32, Math.floor(seconds / 2 ** 32), nanoseconds, 0])
}

/** clock_getres_time64. */
export function clockGetres(tx: Transaction, clock: number, pointer: number): number {
  const { clock: grant } = tx.environment.manifest
  if (clock > CLOCK_BOOTTIME) return -EINVAL
  if (grant.mode === 'none') return -EPERM
  tx.step()
  const tick = grant.mode === 'counter' ? grant.nsPerCycle : 1
  return pointer === 0 ? 0 : tx.store(pointer, [Math.floor(tick / NANO), 0, tick % NANO, 0])
}

interface Time {
  readonly seconds: number
  readonly nanoseconds: number
}

type Counter = Extract<Manifest['clock'], { mode: 'counter' }>

function counted(tx: Transaction, grant: Manifest['clock'], clock: number): Time {
  const { nsPerCycle, epochSeconds } = grant as Counter
  const cycles = tx.guest.clk + tx.kernel.charged
  // In two parts: below 2^29 cycles of up to 10^9 ns each, every product is exact in a double.
  const high = cycles * Math.floor(nsPerCycle / 2 ** 15)
  const rest = (high % NANO) * 2 ** 15 + cycles * (nsPerCycle % 2 ** 15)
  const seconds = Math.floor(high / NANO) * 2 ** 15 + Math.floor(rest / NANO)
  return { seconds: seconds + (isWallClock(clock) ? epochSeconds : 0), nanoseconds: rest % NANO }
}

/** As the outside says, or as before if that is earlier. */
function advised(tx: Transaction): Time {
  tx.class = 'A'
  const time = tx.environment.now()
  const last = tx.kernel
  const { seconds, nanoseconds } =
    time.seconds < last.seconds || (time.seconds === last.seconds && time.nanoseconds < last.nanoseconds)
      ? last
      : time
  const advice = new Uint8Array(12)
  const view = new DataView(advice.buffer)
  view.setUint32(0, seconds % 2 ** 32, true)
  view.setUint32(4, Math.floor(seconds / 2 ** 32), true)
  view.setUint32(8, nanoseconds, true)
  tx.advice = advice
  tx.update({ seconds, nanoseconds })
  return { seconds, nanoseconds }
}
