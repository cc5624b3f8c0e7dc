import type { Local, ModuleBuilder } from '@vouch/wasm'
import { denominatorEmitter, emitNumerator, multiplyDenominators, numeratorSteps } from './chip-groups.ts'
import { laneEvaluator, naturalInputs } from './chip-lanes.ts'
import { BLOCK_ROWS, FRACTION_BYTES } from './chip-layout.ts'
import type { ChipPlan } from './chip-layout.ts'
import type { SharedFunctions } from './chip-shared.ts'
import { foldMask } from './chip-sums.ts'
import { addLimbs, mulLimbsBase, simd, takeLimbs } from './simd.ts'

/**
 * Fractions of every group but the last, and in the place of the last the total of each row; adds the totals up in
 * `sums`. Each denominator D is inverted through its norm m to M31, 1/D = R/m, and the norms of a block of rows
 * through one product (Montgomery): a first pass leaves numerator·R, m and the product before m, a second goes back.
 */
export function emitFractions(
  m: ModuleBuilder,
  plan: ChipPlan,
  { multiply, invert, power }: SharedFunctions,
): void {
  const { chip, program, forms, layout } = plan
  const f = m.func('fractions', ['i32', 'i32', 'i32'], ['i32'])
  const s = simd(f)
  const [args, from, to] = f.params
  const [off, at, block, end] = [f.local('i32'), f.local('i32'), f.local('i32'), f.local('i32')]
  const chain = f.local('v128')
  const claim = takeLimbs(f)
  const mask = foldMask(f)
  const stride = FRACTION_BYTES * chip.groups.length
  const last = chip.groups.length - 1
  const fieldAt = (g: number, field: number): number => layout.fractions + FRACTION_BYTES * g + 16 * field
  const store = (g: number, field: number, local: Local): void => {
    f.get(at, local).store('v128.store', fieldAt(g, field))
  }

  claim.forEach((limb, l) =>
    f
      .get(args)
      .load('v128.load', layout.sums + 16 * l)
      .set(limb),
  )
  f.get(from).set(block)
  f.while(block, to, 4 * BLOCK_ROWS, () => {
    f.get(block)
      .i32(4 * BLOCK_ROWS)
      .op('i32.add')
      .tee(end)
      .get(to, end)
      .get(to)
      .op('i32.lt_u', 'select')
      .set(end)
    f.v128(1).set(chain)
    f.get(args).set(at)
    f.get(block).set(off)
    f.while(off, end, 16, () => {
      const push = laneEvaluator(
        f,
        s,
        program.steps,
        [...numeratorSteps(chip, program), ...forms.flatMap((form) => form.atoms)],
        naturalInputs(f, layout, args, off),
      )
      const denominators = denominatorEmitter(f, s, { forms, layout }, args, mask, push)
      chip.groups.forEach((group, g) => {
        const own = group.map((i) => denominators.take(i))
        const numerator = emitNumerator(f, s, { chip, program }, group, own, push)
        const d = takeLimbs(f)
        multiplyDenominators(f, multiply, own, d)
        for (const i of group) denominators.give(i)
        const norm = f.take('v128')
        f.get(...d)
          .call(invert)
          .set(...d, norm)
        if (numerator.kind === 'extension') {
          f.get(...d, ...numerator.limbs)
            .call(multiply)
            .set(...d)
          f.give(...numerator.limbs)
        } else if (!numerator.one) {
          f.temp('v128', (doubled) => {
            numerator.push()
            s.double()
            f.set(doubled)
            mulLimbsBase(f, s, d, doubled, d)
          })
        }
        if (numerator.sign === -1) for (const limb of d) f.get(s.p, limb).op('i32x4.sub').set(limb)
        d.forEach((limb, l) => store(g, l, limb))
        store(g, 4, norm)
        store(g, 5, chain)
        f.get(chain, norm)
        s.mul()
        f.set(chain)
        f.give(...d, norm)
      })
      f.increment(at, stride)
    })

    f.get(chain)
    s.canonical()
    f.op('i32x4.all_true', 'i32.eqz').if(() => f.get(block).op('return'))
    f.get(chain).call(power).set(chain)

    f.block((done) => {
      f.loop((again) => {
        f.get(off).i32(16).op('i32.sub').set(off)
        f.get(at).i32(stride).op('i32.sub').set(at)
        const total = takeLimbs(f)
        for (let g = last; g >= 0; g--) {
          f.temp('v128', (doubled) => {
            f.get(chain, at).load('v128.load', fieldAt(g, 5))
            s.mul()
            s.double()
            f.set(doubled)
            f.get(chain, at).load('v128.load', fieldAt(g, 4))
            s.mul()
            f.set(chain)
            total.forEach((sum, l) => {
              if (g < last) {
                f.get(args)
                  .load('i32.load', layout.interaction + 16 * g + 4 * l)
                  .get(off)
                  .op('i32.add')
              }
              f.get(at).load('v128.load', fieldAt(g, l)).get(doubled)
              s.mulDoubled()
              if (g === last) f.set(sum)
              else {
                f.temp('v128', (c) => {
                  s.canonical()
                  f.tee(c).store('v128.store').get(sum, c)
                  s.add()
                  f.set(sum)
                })
              }
            })
          })
        }
        total.forEach((sum, l) => {
          f.get(args)
            .load('i32.load', layout.interaction + 16 * last + 4 * l)
            .get(off)
            .op('i32.add')
            .get(sum)
            .store('v128.store')
        })
        addLimbs(f, s, claim, total, claim)
        f.give(...total)
        f.get(off, block).op('i32.le_u').brIf(done)
        f.br(again)
      })
    })
  })
  claim.forEach((limb, l) => f.get(args, limb).store('v128.store', layout.sums + 16 * l))
  f.i32(-1)
}

/**
 * In the last group's planes: S_i = S_{i−1} + total_i − share, S_{−1} at `sums` + 64 on entry and the last S on exit,
 * splatted.
 */
export function emitRunningSum(m: ModuleBuilder, { chip, layout }: ChipPlan): void {
  const f = m.func('runningSum', ['i32', 'i32', 'i32'])
  const s = simd(f)
  const [args, from, to] = f.params
  const [off, address] = [f.local('i32'), f.local('i32')]
  const zero = f.local('v128')
  const last = chip.groups.length - 1
  const carry = takeLimbs(f)
  const share = takeLimbs(f)
  carry.forEach((limb, l) => {
    f.get(args)
      .load('v128.load', layout.sums + 64 + 16 * l)
      .set(limb)
    f.get(args)
      .load('v128.load32_splat', layout.share + 4 * l)
      .set(share[l])
  })
  f.get(from).set(off)
  f.while(off, to, 16, () => {
    carry.forEach((limb, l) => {
      f.temp('v128', (t) => {
        f.get(args)
          .load('i32.load', layout.interaction + 16 * last + 4 * l)
          .get(off)
          .op('i32.add')
          .tee(address)
          .load('v128.load')
          .get(share[l])
        s.sub()
        f.tee(t).get(t, zero).shuffle(4, 0, 1, 2)
        s.add()
        f.tee(t).get(t, zero).shuffle(4, 4, 0, 1)
        s.add()
        f.get(limb)
        s.add()
        s.canonical()
        f.set(t).get(address, t).store('v128.store')
        f.get(t, t).shuffle(3, 3, 3, 3).set(limb)
      })
    })
  })
  carry.forEach((limb, l) => f.get(args, limb).store('v128.store', layout.sums + 64 + 16 * l))
}
