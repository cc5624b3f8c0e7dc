import type { FunctionBuilder, Local, ModuleBuilder } from '@vouch/wasm'
import type { FftFunctions } from './wasm-fft.ts'
import { MIN_LOG } from './wasm-fft.ts'

/** Words (log2) of a block that stays in the first and the second cache through several passes. */
const [BLOCK1, BLOCK2] = [13, 17]

/**
 * Transforms of whole columns, 2^log words with log >= MIN_LOG:
 *
 * interpolateNatural(values, coefficients, log)          natural order -> coefficients
 * interpolateDomain(column, heap, log)                   domain order from `heap` on -> coefficients, in place
 * evaluateBlock(coefficients, destination, heap, log)    coefficients -> values at 2^log positions from `heap` on
 * extend(values, coefficients, extended, log, logBlowup) natural order -> coefficients -> the domain of 2^(log+logBlowup)
 */
export function emitColumns(m: ModuleBuilder, fft: FftFunctions): void {
  const inverseLayers = emitInverseLayers(m, fft)
  const natural = m.func('interpolateNatural', ['i32', 'i32', 'i32'])
  {
    const [values, coefficients, log] = natural.params
    natural.get(values, coefficients, log).i32(0).i32(0)
    powerOfTwo(natural, log, -4).call(fft.inverseNatural)
    natural.get(coefficients)
    powerOfTwo(natural, log).get(log).call(inverseLayers)
  }
  const domain = m.func('interpolateDomain', ['i32', 'i32', 'i32'])
  {
    const [column, heap, log] = domain.params
    domain.get(column, column, heap)
    powerOfTwo(domain, log).get(log).call(fft.inverseFirst)
    domain.get(column, heap, log).call(inverseLayers)
  }
  const split = emitForwardLayers(m, fft)
  const block = m.func('evaluateBlock', ['i32', 'i32', 'i32', 'i32'])
  {
    const [coefficients, destination, heap, log] = block.params
    block.get(coefficients, destination, heap, log, log).call(split)
  }
  const f = m.func('extend', ['i32', 'i32', 'i32', 'i32', 'i32'])
  const [values, coefficients, extended, log, logBlowup] = f.params
  const [heap, end, size] = [f.local('i32'), f.local('i32'), f.local('i32')]
  f.get(values, coefficients, log).call(natural)
  powerOfTwo(f, log).set(size)
  f.get(size, logBlowup).op('i32.shl').tee(heap).i32(1).op('i32.shl').set(end)
  f.block((done) => {
    f.loop((again) => {
      f.get(heap, end).op('i32.ge_u').brIf(done)
      f.get(coefficients, extended, heap, log).call(block)
      f.get(heap, size).op('i32.add').set(heap)
      f.get(extended, size).i32(2).op('i32.shl', 'i32.add').set(extended)
      f.br(again)
    })
  })
}

/** [] -> [2^(log + by)] */
const powerOfTwo = (f: FunctionBuilder, log: Local, by = 0): FunctionBuilder => {
  f.i32(1).get(log)
  if (by !== 0) f.i32(by).op('i32.add')
  return f.op('i32.shl')
}

/** For each of 2^(log − high) blocks of 2^high words: `at` and `heap` move from block to block. */
function eachBlock(
  f: FunctionBuilder,
  log: Local,
  high: Local,
  at: readonly Local[],
  heap: Local,
  body: () => void,
): void {
  f.temp('i32', (left) => {
    f.get(log, high).op('i32.sub').set(left)
    powerOfTwo(f, left).set(left)
    f.loop((again) => {
      body()
      for (const a of at) {
        f.get(a)
        powerOfTwo(f, high, 2).op('i32.add').set(a)
      }
      f.get(heap)
      powerOfTwo(f, high).op('i32.add').set(heap)
      f.get(left).i32(1).op('i32.sub').tee(left).brIf(again)
    })
  })
}

/** `(data, heap, log)`: layers MIN_LOG .. log − 1 of 2^log words from `heap` in place, upwards, small blocks first. */
function emitInverseLayers(m: ModuleBuilder, { inverse2, inverse4 }: FftFunctions): FunctionBuilder {
  const passes = m.func('', ['i32', 'i32', 'i32', 'i32'])
  {
    const f = passes
    const [data, heap, low, high] = f.params
    f.get(high, low)
      .op('i32.sub')
      .i32(1)
      .op('i32.and')
      .if(() => {
        f.get(data, heap)
        powerOfTwo(f, high).get(low).call(inverse2)
        f.increment(low, 1)
      })
    f.while(low, high, 2, () => {
      f.get(data, heap)
      powerOfTwo(f, high).get(low).call(inverse4)
    })
  }
  const f = m.func('', ['i32', 'i32', 'i32'])
  const [data, heap, log] = f.params
  const [low, high, at, block] = [f.local('i32'), f.local('i32'), f.local('i32'), f.local('i32')]
  f.i32(MIN_LOG).set(low)
  for (const limit of [BLOCK1, BLOCK2, 31]) {
    f.get(log).i32(limit).get(log).i32(limit).op('i32.lt_u', 'select').set(high)
    f.get(low, high)
      .op('i32.lt_u')
      .if(() => {
        f.get(data).set(at).get(heap).set(block)
        eachBlock(f, log, high, [at], block, () => f.get(at, block, low, high).call(passes))
        f.get(high).set(low)
      })
  }
  return f
}

/** `(from, to, heap, log, high)`: layers high − 1 .. 0 of 2^log words from `heap` on, in blocks of 2^high. */
function emitForwardLayers(
  m: ModuleBuilder,
  { forward2, forward4, forwardLast }: FftFunctions,
): FunctionBuilder {
  const passes = m.func('', ['i32', 'i32', 'i32', 'i32', 'i32'])
  {
    const f = passes
    const [from, to, heap, low, high] = f.params
    const [words, pairs] = [f.local('i32'), f.local('i32')]
    powerOfTwo(f, high).set(words)
    const pass = (layers: 1 | 2): void => {
      f.increment(high, -layers)
      f.get(from, to, heap, words, high)
        .call(layers === 2 ? forward4 : forward2)
        .get(to)
        .set(from)
    }
    f.get(high, low).op('i32.sub').i32(1).op('i32.shr_u').set(pairs)
    f.temp('i32', (i) => {
      f.i32(0).set(i)
      f.while(i, pairs, 1, () => pass(2))
    })
    f.get(low, high)
      .op('i32.lt_u')
      .if(() => pass(1))
  }
  const f = m.func('', ['i32', 'i32', 'i32', 'i32', 'i32'])
  const [from, to, heap, log, high] = f.params
  const below = (size: number): void => {
    f.i32(size).get(high).op('i32.lt_u')
  }
  const split = (size: number): void => {
    eachBlock(f, log, high, [from, to], heap, () => {
      f.get(from, to, heap).i32(size).get(high).call(passes)
      f.get(to, to, heap, high).i32(size).call(f)
    })
  }
  below(BLOCK2)
  f.if(
    () => split(BLOCK2),
    () => {
      below(BLOCK1)
      f.if(
        () => split(BLOCK1),
        () =>
          eachBlock(f, log, high, [from, to], heap, () => {
            f.get(from, to, heap).i32(MIN_LOG).get(high).call(passes)
            f.get(to, from)
            below(MIN_LOG)
            f.op('select').get(to, heap)
            powerOfTwo(f, high).call(forwardLast)
          }),
      )
    },
  )
  return f
}
