import { createKernels } from '@vouch/stark'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { availableThreads, startThread } from '../src/threads.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

/** A browser's worker that writes down what it is given. */
class FakeWorker {
  static readonly log: unknown[] = []
  onerror = null
  constructor(url: string) {
    FakeWorker.log.push(url)
  }
  postMessage(message: object): void {
    FakeWorker.log.push(message)
  }
  terminate(): void {
    FakeWorker.log.push('terminate')
  }
}

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

  it('are workers of a blob in a browser, and an error where there are none', async () => {
    vi.stubGlobal('process', undefined)
    vi.stubGlobal('navigator', { hardwareConcurrency: 3 })
    vi.stubGlobal('Worker', FakeWorker)
    let text: Promise<string> | undefined
    vi.stubGlobal('URL', {
      createObjectURL: (blob: Blob) => {
        text = blob.text()
        return 'blob:1'
      },
      revokeObjectURL: (url: string) => FakeWorker.log.push(`revoke ${url}`),
    })
    expect(availableThreads()).toBe(3)
    const message = { n: 1 }
    startThread('const start = () => {}', message).terminate()
    expect(await text).toBe('const start = () => {}\nonmessage = ({ data }) => start(data)')
    expect(FakeWorker.log).toEqual(['blob:1', message, 'terminate', 'revoke blob:1'])
    vi.stubGlobal('Worker', undefined)
    expect(() => startThread('', {})).toThrow('no threads')
    vi.stubGlobal('SharedArrayBuffer', undefined)
    expect(availableThreads()).toBe(1)
  })
})
