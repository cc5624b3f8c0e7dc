import { IMAGE, PRESENT } from './buses.ts'
import { machineChip } from './machine-chip.ts'

/** The tree of preprocessed columns that belongs to a program. */
export const IMAGE_TREE = 'image'

export const imageChip = machineChip<never, 'addr' | 'v0' | 'v1' | 'enabled'>({
  name: 'image',
  doc: 'One memory word that the image initialises, to be taken exactly once.',
  columns: {},
  preprocessed: { tree: IMAGE_TREE, columns: ['addr', 'v0', 'v1', 'enabled'] },
  constrain(c, b) {
    b.send('word', IMAGE, c.enabled, [c.addr, c.v0, c.v1])
    // Without this the prover could leave the chip out, and with it the whole initial memory.
    b.send('present', PRESENT, b.first, [1])
  },
  rows: (run) => Math.max(1, run.image.addr.length),
  fill: () => {},
})
