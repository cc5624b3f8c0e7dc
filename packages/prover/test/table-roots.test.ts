import { createKernels } from '@vouch/stark'
import { toHex } from '@vouch/verifier'
import { expect, it } from 'vitest'
import { TABLE_ROOTS } from '../../verifier/src/table-roots.ts'
import { commitTables } from '../src/tables.ts'

it.each([1, 2] as const)('the verifier holds the root of the tables at blowup 2^%i', async (logBlowup) => {
  const kernels = await createKernels({ kind: 'wasm' })
  expect(toHex(commitTables(kernels, logBlowup).root)).toBe(TABLE_ROOTS[logBlowup])
})
