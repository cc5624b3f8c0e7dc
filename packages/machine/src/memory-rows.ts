import type { TouchedMemory } from '@vouch/engine'
import { Unprovable } from './run.ts'
import type { ImageWords, MemoryRows } from './run.ts'

/** The union of touched words and image words, ascending. Throws `Unprovable` when the two disagree. */
export function memoryRows(touched: TouchedMemory, image: ImageWords): MemoryRows {
  const most = touched.addr.length + image.addr.length
  const addr = new Uint32Array(most)
  const initial = new Uint32Array(most)
  const final = new Uint32Array(most)
  const finalTs = new Uint32Array(most)
  const kind = new Uint8Array(most)
  let n = 0
  let t = 0
  let m = 0
  for (; t < touched.addr.length || m < image.addr.length; n++) {
    const touchedAddr = t < touched.addr.length ? touched.addr[t] : Infinity
    const imageAddr = m < image.addr.length ? image.addr[m] : Infinity
    addr[n] = Math.min(touchedAddr, imageAddr)
    if (imageAddr <= touchedAddr) {
      kind[n] = 1
      initial[n] = final[n] = image.value[m++]
    }
    if (touchedAddr <= imageAddr) {
      if (touched.initial[t] !== initial[n])
        throw new Unprovable('machine/trace', `word ${touchedAddr} does not start as in the image`)
      final[n] = touched.final[t]
      finalTs[n] = touched.finalTs[t++]
    }
  }
  return {
    count: n,
    addr: addr.subarray(0, n),
    initial: initial.subarray(0, n),
    final: final.subarray(0, n),
    finalTs: finalTs.subarray(0, n),
    kind: kind.subarray(0, n),
  }
}
