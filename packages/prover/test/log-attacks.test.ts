import { bridge, manifestDigest, parseManifest } from '@vouch/bridge'
import { assembleElf } from '@vouch/engine/assembler'
import { createKernels } from '@vouch/stark'
import type { Kernels } from '@vouch/stark'
import { toHex, verify } from '@vouch/verifier'
import type { Policy } from '@vouch/verifier'
import { beforeAll, describe, expect, it } from 'vitest'
import { prove } from '../src/index.ts'
import { bound, opened, replayed } from './audit-logs.ts'
import { forge } from './forgery-witness.ts'

const GETPID = 172
const PIPE2 = 59
const NO_INPUT = new Uint8Array(0)

const call = (number: number, ...args: number[]): string =>
  `li a7, ${number}\n${args.map((v, i) => `li a${i}, ${v}\n`).join('')}ecall\n`

let kernels: Kernels

beforeAll(async () => {
  kernels = await createKernels({ kind: 'wasm' })
})

describe('a call that ends a run, invented', () => {
  const manifest = parseManifest('{"version":1,"onDeny":"kill","syscalls":{"deny":["pipe2"]}}')
  /** A run with one getpid; its log goes on with a denied call that the guest never made. */
  const invented = async (end: string, later: number, pc?: number) => {
    const forged = await forge(kernels, {
      source: call(GETPID) + end,
      options: { manifest },
      log: (own) => {
        const first = opened(own.auditBytes()!).records[0].record
        const liar = bridge({ manifest })
        const make = (clk: number, pc: number, registers: Record<number, number>) =>
          liar.ecall({ clk, pc, page: () => undefined, reg: (slot) => registers[slot] ?? 0 })
        make(first.clk, first.pc, { 17: GETPID })
        make(first.clk + later, pc ?? first.pc + 4 * later, { 17: PIPE2, 10: 0x1234 })
        const bytes = liar.auditBytes()!
        return bound(bytes, replayed(bytes, NO_INPUT).calls)
      },
    })
    const verdict = await verify(forged.proof, {
      imageId: forged.imageId,
      audit: forged.log!.bytes,
      allowFailure: true,
      policy: { manifest: toHex(manifestDigest(manifest)) },
    })
    return verdict.ok ? 'accepted' : verdict.failure.code
  }

  it('before an ebreak, at a cycle and an address of the run', async () => {
    expect(await invented('ebreak\n', 1)).toMatch(/^(audit|replay)\//)
  })
  it('before an ebreak, at a cycle and an address that no run has', async () => {
    expect(await invented('ebreak\n', 0xfffffff, 3)).toMatch(/^(audit|replay)\//)
  })
  it('in the place of an exit', async () => {
    expect(await invented(call(93, 0), 1)).toMatch(/^(audit|replay)\//)
  })
})

describe('a policy, and a proof that names no log', () => {
  const source = call(63, 0, 0x20400, 4) + call(64, 3, 0x20400, 4) + call(93, 0)
  const codeUnder = async (policy: Policy): Promise<string> => {
    const { proof, imageId } = await prove(assembleElf(source), {
      privateInput: Uint8Array.of(1, 2, 3, 4),
      profile: 'fast-100',
    })
    const verdict = await verify(proof, { imageId, policy })
    return verdict.ok ? 'accepted' : verdict.failure.code
  }

  it('services that leave out what the run did', async () => {
    expect(await codeUnder({ services: ['exit'] })).toMatch(/^policy\//)
  })
  it('a manifest that forbids what the run did', async () => {
    const manifest = parseManifest('{"version":1,"syscalls":{"deny":["read"]},"limits":{"cycles":3}}')
    expect(await codeUnder({ manifest: toHex(manifestDigest(manifest)) })).toMatch(/^policy\//)
  })
  it('services that are all that a run can do without a log', async () => {
    const services = ['read', 'write', 'exit', 'exit_group', 'halt']
    expect(await codeUnder({ services })).toBe('accepted')
    expect(await codeUnder({})).toBe('accepted')
  })
})
