import { describe, expect, it } from 'vitest'
import { fillProgram, load, problem, program, exit } from './harness.ts'
import type { Filled } from './harness.ts'
import {
  branches,
  HOST_INPUT,
  hostCalls,
  immediateOperations,
  jumps,
  longLoop,
  memoryAccesses,
  registerOperations,
  shifts,
  stop,
  wrappingJump,
} from './programs.ts'

const rows = (filled: Filled, chip: string): number =>
  filled.chips.find((c) => c.chip.name === chip)?.columns.main[0]?.length ?? 0

describe('honest runs satisfy every chip and balance every bus', () => {
  it('register operations on boundary operands', () => {
    expect(problem(fillProgram(registerOperations()))).toBeUndefined()
  })
  it('immediate operations', () => {
    expect(problem(fillProgram(immediateOperations()))).toBeUndefined()
  })
  it('all shift amounts', () => {
    expect(problem(fillProgram(shifts()))).toBeUndefined()
  })
  it('branches', () => {
    expect(problem(fillProgram(branches()))).toBeUndefined()
  })
  it('jumps', () => {
    expect(problem(fillProgram(jumps()))).toBeUndefined()
    expect(problem(fillProgram(wrappingJump(), {}, undefined, 0))).toBeUndefined()
  })
  it('loads and stores in every lane, and addresses that wrap', () => {
    expect(problem(fillProgram(memoryAccesses()))).toBeUndefined()
  })
  it('host calls', () => {
    const filled = fillProgram(hostCalls(), HOST_INPUT)
    expect(problem(filled)).toBeUndefined()
    expect(filled.statement.journal.length).toBe(22)
    expect(filled.statement.publicConsumed).toBe(10)
    expect(filled.statement.exitCode).toBe(0xfffffffe)
  })
  it('private reads that return less than there is', () => {
    expect(problem(fillProgram(hostCalls(), { ...HOST_INPUT, shortReads: 3 }))).toBeUndefined()
  })
  it('gaps', () => {
    const filled = fillProgram(longLoop())
    expect(rows(filled, 'gap')).toBeGreaterThan(0)
    expect(problem(filled)).toBeUndefined()
  })
  it('ebreak', () => {
    expect(problem(fillProgram(stop()))).toBeUndefined()
  })
  it('the dense tables', () => {
    const filled = fillProgram(program([...load(5, 9), ...exit()]), {}, 'dense')
    expect(rows(filled, 'tables-sparse')).toBe(0)
    expect(problem(filled)).toBeUndefined()
  })
})
