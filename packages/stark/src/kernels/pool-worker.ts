import { FAULT_CHARACTERS, ROW_ARGUMENTS, ROW_WORDS, SPIN_MS, WORD } from './pool-layout.ts'
import { CONTROL, CONTROL_BYTES, SCRATCHES, SCRATCH_BYTES } from './wasm-layout.ts'

/**
 * The program of a pool's threads, as text: a file of its own would need the help of every bundler and test runner to be
 * found, and this much needs no types. It defines `start({ memory, thread })`, which runs jobs until CLOSED is set; see
 * pool-layout.ts. Modules are compiled from the shared memory, where they are copied out of: the engine has
 * them compiled already.
 */
export const WORKER_SOURCE = `'use strict'
const start = ({ memory, thread }) => {
  const W = ${JSON.stringify(WORD)}
  const c = new Int32Array(memory.buffer, ${CONTROL}, ${CONTROL_BYTES / 4})
  const bytes = new Uint8Array(memory.buffer)
  const env = { memory, scratch: ${SCRATCHES} + thread * ${SCRATCH_BYTES} }
  const modules = []
  const link = () => {
    const [at, length] = c.subarray(W.moduleTable + 2 * modules.length)
    const module = new WebAssembly.Module(bytes.slice(at, at + length))
    modules.push(Object.values(new WebAssembly.Instance(module, { env }).exports))
  }
  const run = (row) => {
    const id = c[row]
    while (modules.length <= id >>> 16) link()
    const given = []
    for (let i = 0; i < c[row + 1]; i++) {
      const at = row + ${ROW_ARGUMENTS} + 2 * i
      given.push(c[at] + thread * c[at + 1])
    }
    c[row + 2] = modules[id >>> 16][id & 0xffff](...given)
  }
  const fail = (error) => {
    if (Atomics.compareExchange(c, W.fault, 0, 1) === 0) {
      const text = String(error && error.message || error).slice(0, ${FAULT_CHARACTERS})
      c[W.faultText] = text.length
      for (let i = 0; i < text.length; i++) c[W.faultText + 1 + i] = text.charCodeAt(i)
    }
    Atomics.add(c, W.done, Atomics.exchange(c, W.open, 0))
  }
  const work = () => {
    for (let n; (n = Atomics.load(c, W.open)) > 0; ) {
      if (Atomics.compareExchange(c, W.open, n, n - 1) !== n) continue
      try {
        run(W.table + ${ROW_WORDS} * (n - 1))
      } catch (error) {
        fail(error)
      }
      if (Atomics.add(c, W.done, 1) + 1 === Atomics.load(c, W.count)) Atomics.notify(c, W.done)
    }
  }
  const spin = () => {
    const until = performance.now() + ${SPIN_MS}
    do for (let i = 0; i < 64; i++) if (Atomics.load(c, W.open) > 0) return
    while (performance.now() < until)
  }
  Atomics.add(c, W.attached, 1)
  while (Atomics.load(c, W.closed) === 0) {
    work()
    const epoch = Atomics.load(c, W.epoch)
    while (modules.length < Atomics.load(c, W.modules)) link()
    spin()
    Atomics.add(c, W.asleep, 1)
    if (Atomics.load(c, W.open) === 0) Atomics.wait(c, W.epoch, epoch)
    Atomics.sub(c, W.asleep, 1)
  }
}
`
