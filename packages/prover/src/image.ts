import { INITIAL_SP, parseElf } from '@vouch/engine'
import type { Program } from '@vouch/engine'
import {
  IMAGE_TREE,
  imageColumns,
  imageId as imageIdOf,
  imageLogHeights,
  imageOf,
  riscvAir,
} from '@vouch/machine'
import type { Image, ImageHeader } from '@vouch/machine'
import { PROFILES, commitPreprocessed } from '@vouch/stark'
import type { Air, Kernels, Pointer, PreprocessedTree, ProfileName } from '@vouch/stark'
import { toHex } from '@vouch/verifier'
import { withKernels } from './kernels.ts'

const air = riscvAir as Air<never>

/** Commits to a program's decoded instructions and initial memory. */
export function commitImage(
  kernels: Kernels,
  image: Image,
  profile: ProfileName,
): { readonly tree: PreprocessedTree; readonly header: ImageHeader } {
  const { logBlowup } = PROFILES[profile]
  const logHeights = imageLogHeights(image, air.minLogHeight)
  const columns = imageColumns(image, air.minLogHeight)
  const tree = commitPreprocessed(
    kernels,
    air,
    IMAGE_TREE,
    {
      rom: { logHeight: logHeights.rom, columns: copyIn(kernels, columns.rom) },
      image: { logHeight: logHeights.image, columns: copyIn(kernels, columns.image) },
    },
    logBlowup,
  )
  const { root } = tree
  return { tree, header: { profile, logBlowup, root, logHeights, entry: image.entry, sp: INITIAL_SP } }
}

/** Columns of the host in the kernels' memory. */
export function copyIn(kernels: Kernels, columns: readonly Uint32Array[]): Pointer[] {
  return columns.map((column) => {
    const pointer = kernels.alloc(column.length)
    kernels.words(pointer, column.length).set(column)
    return pointer
  })
}

/** The image id of a program, in hex: what a verifier trusts. Throws `ElfError`. */
export async function imageId(
  elf: Uint8Array | Program,
  profile: ProfileName = 'proven-100',
): Promise<string> {
  const image = imageOf(elf instanceof Uint8Array ? parseElf(elf) : elf)
  const idOf = (kernels: Kernels): string => toHex(imageIdOf(commitImage(kernels, image, profile).header))
  return withKernels('wasm', undefined, async (kernels) => idOf(kernels))
}
