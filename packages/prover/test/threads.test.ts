import { createKernels } from '@vouch/stark'
import { describe, expect, it } from 'vitest'
import { availableThreads, startThread } from '../src/threads.ts'

describe('threads', () => {
  it('are one a core, at most 8', () => {
    expect(availableThreads()).toBeGreaterThanOrEqual(1)
    expect(availableThreads()).toBeLessThanOrEqual(8)
  })

  it('run a script with its message', async () => {
    const words = new Int32Array(new SharedArrayBuffer(8))
    const thread = startThread('const start = ({ words }) => { words[1] = 7; Atomics.store(words, 0, 1) }', {
      words,
    })
    await expect.poll(() => Atomics.load(words, 0), { timeout: 10_000 }).toBe(1)
    expect(words[1]).toBe(7)
    thread.terminate()
  })

  it('that fail are nobody’s error', async () => {
    const words = new Int32Array(new SharedArrayBuffer(4))
    startThread('const start = ({ words }) => { Atomics.store(words, 0, 1); throw new Error("x") }', {
      words,
    })
    await expect.poll(() => Atomics.load(words, 0), { timeout: 10_000 }).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 100))
  })

  it('serve the kernels', async () => {
    const kernels = await createKernels({ threads: { count: 2, start: startThread } })
    expect(kernels.threads).toBe(2)
    expect(kernels.grind(new Uint32Array(8), 4, 0, 1000)).toBeDefined()
    kernels.close()
  })
})
