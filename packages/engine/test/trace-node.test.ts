import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { bytesSource, openTrace, parseElf, readTrace, replay, trace } from '@vouch/engine'
import { assembleElf } from '@vouch/engine/assembler'
import { createTraceFile, openTraceFile, traceToFile, traceToFileAsync } from '@vouch/engine/node'
import { busy, codeOf, host } from './trace-support.ts'

const folder = mkdtempSync(join(tmpdir(), 'vouch-trace-'))
afterAll(() => rmSync(folder, { recursive: true }))
const program = busy(14_000)
const path = join(folder, 'a.trace')
const report = traceToFile(path, program, host())

describe('trace files on disk', () => {
  it('are read only by their owner, even over an old file', () => {
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const old = join(folder, 'old')
    writeFileSync(old, 'x'.repeat(1000), { mode: 0o644 })
    createTraceFile(old).close()
    expect(statSync(old)).toMatchObject({ size: 0 })
    expect(statSync(old).mode & 0o777).toBe(0o600)
  })

  it('hold the run', () => {
    const file = openTraceFile(path)
    expect(file).toMatchObject({ complete: true, cycles: report.cycles, size: report.bytes, chunkCount: 3 })
    const { chunks, ...rest } = trace(program, host()).trace
    const back = readTrace(file)
    expect({ ...back, chunks: 0 }).toEqual({ ...rest, chunks: 0 })
    expect(back.chunks[1]).toEqual(chunks[1])
    file.close()
    expect(() => file.chunk(0)).toThrow(/EBADF/)
  })

  it('are the same when the event loop turns meanwhile', async () => {
    const at = join(folder, 'async')
    expect(await traceToFileAsync(at, program, host())).toEqual(report)
    expect(readFileSync(at).equals(readFileSync(path))).toBe(true)
  })

  it('read the same without the platform hash', () => {
    const portable = openTrace(bytesSource(new Uint8Array(readFileSync(path))))
    const file = openTraceFile(path)
    expect(portable.programDigest).toBe(file.programDigest)
    expect(portable.chunk(2)).toEqual(file.chunk(2))
    file.close()
  })

  it('are opened without reading their chunks', () => {
    const file = openTraceFile(path)
    truncateSync(path, report.bytes - 10)
    expect(file.chunk(0).chunk.rows).toBe(65536)
    expect(codeOf(() => file.end())?.code).toBe('trace/truncated')
    file.close()
    const cut = openTraceFile(path)
    expect(cut).toMatchObject({ complete: false, chunkCount: 3, damage: undefined })
    cut.close()
  })

  it('fail with the error of the platform, or as no trace', () => {
    expect(() => openTraceFile(join(folder, 'none'))).toThrow(/ENOENT/)
    expect(() => traceToFile(join(folder, 'none', 'a'), program, host())).toThrow(/ENOENT/)
    expect(codeOf(() => openTraceFile(folder))?.code).toBe('trace/magic')
  })

  it('keep what was written when the host throws', () => {
    const at = join(folder, 'thrown')
    let calls = 0
    const inner = host()
    const failing = {
      ecall: (c: Parameters<typeof inner.ecall>[0]) => {
        if (++calls === 4) throw new Error('out of order')
        return inner.ecall(c)
      },
    }
    expect(() => traceToFile(at, program, failing)).toThrow('out of order')
    const file = openTraceFile(at)
    expect(file).toMatchObject({ complete: false, chunkCount: 2, lostBytes: 0 })
    file.close()
  })
})

const built = fileURLToPath(new URL('../dist/node.js', import.meta.url))

// Needs the built package: a child process cannot load the TypeScript source.
describe.skipIf(!existsSync(built))('a killed process', () => {
  it('leaves every whole chunk', { timeout: 30_000 }, async () => {
    const elf = assembleElf('_start:\n li s0, 7\n loop:\n addi s0, s0, 3\n sw s0, -16(sp)\n j loop')
    const at = join(folder, 'killed')
    writeFileSync(join(folder, 'endless.elf'), elf)
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { readFileSync } from 'node:fs'
         import { parseElf } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}
         import { traceToFile } from ${JSON.stringify(new URL('../dist/node.js', import.meta.url).href)}
         const program = parseElf(readFileSync(${JSON.stringify(join(folder, 'endless.elf'))}))
         traceToFile(${JSON.stringify(at)}, program, { ecall: () => ({ kind: 'exit', code: 0 }) }, { maxCycles: 3e6 })`,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
    const ended = new Promise<string | null>((resolve) => child.on('exit', (_, signal) => resolve(signal)))
    while (child.exitCode === null && !(existsSync(at) && statSync(at).size > 7_000_000))
      await new Promise((resolve) => setTimeout(resolve, 1))
    child.kill('SIGKILL')
    expect(await ended).toBe('SIGKILL')

    const file = openTraceFile(at)
    expect(file.complete).toBe(false)
    expect(file.chunkCount).toBeGreaterThanOrEqual(2)
    expect(file.cycles).toBe(65536 * file.chunkCount)
    expect(file.end()).toBeUndefined()
    const same = replay(file, parseElf(elf), host())
    expect(same).toEqual({ difference: undefined, cycles: file.cycles, complete: false, aborted: false })
    file.close()
  })
})
