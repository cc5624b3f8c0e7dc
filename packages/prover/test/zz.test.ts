import { it, expect } from 'vitest'
import { assembleElf } from '@vouch/engine/assembler'
import { prove, imageId } from '../src/index.ts'
import { verify } from '@vouch/verifier'
it('e2e', async () => {
  const elf = assembleElf(`
  li a0, 5
  li a1, 7
loop:
  add a2, a0, a1
  sw a2, -64(sp)
  lw a3, -64(sp)
  addi a0, a0, -1
  bne a0, zero, loop
  li a7, 93
  ecall
`)
  const t = performance.now()
  const r = await prove(elf, {
    profile: 'fast-100',
    kernels: 'reference',
    onProgress: (p) => {
      if (p.done === 0) console.log(p.phase, ((performance.now() - t) / 1000).toFixed(2))
    },
  })
  console.log(r.report.cells, r.proof.length, r.report.chips, r.report.security.provenUDR.bits)
  const t1 = performance.now()
  const v = await verify(r.proof, { imageId: r.imageId })
  console.log(performance.now() - t1, v.ok ? 'ok' : v.failure)
  expect(v.ok).toBe(true)
}, 300000)
