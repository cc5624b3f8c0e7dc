import { emitCombine } from './chip-combine.ts'
import { laneEvaluator } from './chip-lanes.ts'
import type { LaneInputs } from './chip-lanes.ts'
import type { ChipPlan } from './chip-layout.ts'
import { foldMask } from './chip-sums.ts'
import type { ModuleBuilder } from '@vouch/wasm'
import { simd } from './simd.ts'

/** The constraints of four rows go to a row of values in L1; a loop then combines them. */
export function emitConstraints(m: ModuleBuilder, { program, layout }: ChipPlan): void {
  const f = m.func('constraints', ['i32', 'i32', 'i32'])
  const s = simd(f)
  const [args, from, to] = f.params
  const off = f.local('i32')
  const gathers = [0, 1, 2, 3].map(() => f.local('i32'))
  const gather = (slot: number): void => {
    for (const g of [3, 2, 1, 0]) f.get(args).load('i32.load', slot).get(gathers[g]).op('i32.add')
    f.load('v128.load32_zero')
    for (const lane of [1, 2, 3]) f.memoryLane('v128.load32_lane', 0, lane)
  }
  const column = (slot: number): void => {
    f.get(args).load('i32.load', slot).get(off).op('i32.add').load('v128.load')
  }
  const inputs: LaneInputs = {
    main: (i) => column(layout.main + 4 * i),
    preprocessed: (i) => column(layout.preprocessed + 4 * i),
    public: (i) => f.get(args).load('v128.load32_splat', layout.publics + 4 * i),
    prev: (i) => gather(layout.main + 4 * i),
    first: () => column(layout.first),
    row() {
      throw new RangeError('a constraint has a row polynomial')
    },
  }
  const mask = foldMask(f)

  f.get(from).set(off)
  f.while(off, to, 16, () => {
    gathers.forEach((g, lane) => {
      f.get(args).load('i32.load', layout.prev).get(off).op('i32.add')
      f.load('i32.load', 4 * lane)
        .i32(2)
        .op('i32.shl')
        .set(g)
    })
    const push = laneEvaluator(f, s, program.steps, program.constraints, inputs)
    program.constraints.forEach((step, j) => {
      f.get(args)
      push(step)
      f.store('v128.store', layout.values + 16 * j)
    })
    emitCombine(f, s, layout, args, off, mask)
  })
}
