import type { Chip } from '../../src/air/chip.ts'
import { createKernels } from '../../src/kernels/create.ts'
import type { ChipKernels, Kernels } from '../../src/kernels/kernels.ts'

/** Reference kernels whose chips a test may replace. */
export async function kernelsWith(
  change: (chip: Chip<never>, own: ChipKernels, kernels: Kernels) => ChipKernels = (_, own) => own,
): Promise<Kernels> {
  const kernels = await createKernels({ kind: 'reference' })
  return spoiled(kernels, { chip: (chip) => change(chip, kernels.chip(chip), kernels) })
}

/** The same kernels with some functions replaced: what a malicious prover runs. */
export const spoiled = (kernels: Kernels, change: Partial<Kernels>): Kernels =>
  new Proxy(kernels, {
    get: (target, key) => (key in change ? change[key as keyof Kernels] : Reflect.get(target, key)),
  })
