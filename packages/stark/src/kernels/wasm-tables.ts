import { multiply, subgroupGenerator } from '../field/circle.ts'
import * as M from '../field/m31.ts'
import { pointAt } from './positions.ts'
import { FORWARD, INVERSE, MAX_LOG_DOMAIN } from './wasm-layout.ts'
import type { Functions } from './pool.ts'
import type { WasmMemory } from '@vouch/wasm'

/** Fills the twiddle tables up to a domain size on demand. Throws a RangeError past MAX_LOG_DOMAIN. */
export function twiddleTables(memory: WasmMemory, functions: Functions): (logDomain: number) => void {
  const { rotateTable, inverses, doubleWords } = functions
  let ready = 1
  const build = (log: number): void => {
    const size = 2 ** (log - 2)
    const [forward, inverse] = [FORWARD + 4 * size, INVERSE + 4 * size]
    const few = Math.min(size, 8)
    const x = new Uint32Array(memory.buffer, forward, size)
    for (let s = 0; s < few; s++) x[s] = pointAt(4 * s, log).x
    if (size <= 8) {
      const i = new Uint32Array(memory.buffer, inverse, size)
      for (let s = 0; s < size; s++) i[s] = M.inv(x[s])
      for (let s = 0; s < size; s++) [x[s], i[s]] = [2 * x[s], 2 * i[s]]
      return
    }
    // Bit k of an entry's index is bit log − 3 − k of its multiple of 4·g.
    for (let filled = few; filled < size; filled *= 2) {
      const turn = multiply(subgroupGenerator(log - 1), size / 2 / filled)
      rotateTable(forward, forward + 4 * filled, filled, 2 * turn.x, 2 * turn.y)
    }
    // Chunks that stay in the first cache between the two sweeps of the batch inverse.
    const chunk = Math.min(size, 1024)
    for (let s = 0; s < size; s += chunk) inverses(forward + 4 * s, inverse + 4 * s, chunk)
    doubleWords(forward, size)
    doubleWords(inverse, size)
  }
  return (logDomain) => {
    if (logDomain > MAX_LOG_DOMAIN)
      throw new RangeError(`domain of 2^${logDomain}: the limit is 2^${MAX_LOG_DOMAIN}`)
    for (; ready < logDomain; ready++) build(ready + 1)
  }
}
