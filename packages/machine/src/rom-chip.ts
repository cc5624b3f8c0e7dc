import { ROM } from './buses.ts'
import { IMAGE_TREE } from './image-chip.ts'
import { machineChip } from './machine-chip.ts'

export const romChip = machineChip({
  name: 'rom',
  doc: 'One decoded instruction of the image.',
  columns: { count: 'free: any count that balances is right' },
  preprocessed: {
    tree: IMAGE_TREE,
    columns: ['family', 'pc', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6'],
  },
  constrain(c, b) {
    b.send('instruction', ROM, c.count, [c.family, c.pc, c.f1, c.f2, c.f3, c.f4, c.f5, c.f6])
  },
  rows: (run) => run.rom.count,
  fill(c, { rom, counts }) {
    for (let r = 0; r < rom.count; r++) c.count[r] = counts.Rom[(rom.pc[r] >>> 2) - rom.base]
  },
})
