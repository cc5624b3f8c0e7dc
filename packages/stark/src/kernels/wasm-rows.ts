import type { FunctionBuilder, Global, Local, ModuleBuilder } from '@vouch/wasm'
import type { FieldFunctions } from './wasm-field.ts'
import type { FoldFunctions } from './wasm-folds.ts'
import { CHUNK, QUOTIENT } from './wasm-folds.ts'
import { BLOCKS } from './wasm-layout.ts'
import type { LinearFunctions } from './wasm-linear.ts'
import { SUM_BYTES } from './wasm-linear.ts'

/**
 * Loops over ranges of rows, in chunks whose intermediate values stay in the first or second cache. Ranges may run on
 * different threads at once.
 *
 * accumulateRows(table, weights, columns, first, rows, planes, planeBytes)  planes[first ..] += Σ_j w_j·column_j; columns a
 *                                                             multiple of 4, rows of 4
 * dots(table, columns, basis, planeBytes, first, words, sums)  sums[j] += Σ column_j[first ..]·basis[first ..]; words a multiple of 16
 * foldRows(from, to, size, circle, arityLog, factors, chunk, first, outputs)  `arityLog` folds of 2^arityLog·outputs of `size` values;
 *                                                             outputs a multiple of 4; factors are 4 words a fold
 * quotientRows(size, constants, sums, count, planes, first, words)  as `quotients`; 0 if a denominator is 0; words a multiple of 16
 * selectorRows(heap, words, constants, to, factor)            `to` = factor·selector; words a multiple of 16
 */
export function emitRows(
  m: ModuleBuilder,
  scratch: Global,
  functions: FieldFunctions & LinearFunctions & FoldFunctions,
): void {
  emitAccumulateRows(m, scratch, functions)
  emitDots(m, functions)
  emitFoldRows(m, scratch, functions)
  emitQuotientRows(m, scratch, functions)
  emitSelectorRows(m, scratch, functions)
}

/** Rows (or coefficients) of a chunk: their wide sums, 32 bytes a row, and a basis chunk stay in the first cache. */
const SUM_CHUNK = 512
const DOT_CHUNK = 1024
/** Outputs of a chunk of folds by 8. */
export const FOLD_CHUNK = 1024
/** Folded values wait in one half of the scratch memory, those of the next fold in the other. */
const FOLD_BYTES = 64 * 1024

/** `while (left) { n = min(left, chunk); body(n); left −= n; first += n }` */
function eachChunk(
  f: FunctionBuilder,
  first: Local,
  left: Local,
  chunk: number | Local,
  body: (n: Local) => void,
): void {
  const n = f.local('i32')
  const most = (): FunctionBuilder => (typeof chunk === 'number' ? f.i32(chunk) : f.get(chunk))
  f.block((done) => {
    f.loop((again) => {
      f.get(left).op('i32.eqz').brIf(done)
      f.get(left)
      most().get(left)
      most().op('i32.lt_u', 'select').set(n)
      body(n)
      f.get(first, n).op('i32.add').set(first).get(left, n).op('i32.sub').set(left)
      f.br(again)
    })
  })
}

function emitAccumulateRows(
  m: ModuleBuilder,
  scratch: Global,
  { accumulate8, accumulate4, finish }: LinearFunctions,
): void {
  const f = m.func('accumulateRows', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'])
  const [table, weights, columns, first, rows, planes, planeBytes] = f.params
  const i32 = (): Local => f.local('i32')
  const [vectors, at, end, pointers, factors, tableEnd] = [i32(), i32(), i32(), i32(), i32(), i32()]
  f.get(table, columns).i32(2).op('i32.shl', 'i32.add').set(tableEnd)
  eachChunk(f, first, rows, SUM_CHUNK, (n) => {
    f.get(n).i32(2).op('i32.shr_u').set(vectors)
    f.global(scratch, BLOCKS).tee(at).get(vectors).i32(SUM_BYTES).op('i32.mul', 'i32.add').set(end)
    f.while(at, end, 16, () => f.get(at).v128(0).store('v128.store'))
    f.get(table).set(pointers).get(weights).set(factors)
    f.while(pointers, tableEnd, 32, () => {
      const add = (group: FunctionBuilder): void => {
        f.get(pointers, factors, first, vectors).global(scratch, BLOCKS).call(group)
      }
      f.get(tableEnd, pointers).op('i32.sub').i32(32).op('i32.ge_u')
      f.if(
        () => add(accumulate8),
        () => add(accumulate4),
      )
      f.increment(factors, 128)
    })
    f.global(scratch, BLOCKS).get(planes, planeBytes, first, vectors).call(finish)
  })
}

function emitDots(m: ModuleBuilder, { dot }: LinearFunctions): void {
  const f = m.func('dots', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'])
  const [table, columns, basis, planeBytes, first, words, sums] = f.params
  const i32 = (): Local => f.local('i32')
  const [at, end, offset, sum] = [i32(), i32(), i32(), i32()]
  f.get(table, columns).i32(2).op('i32.shl', 'i32.add').set(end)
  eachChunk(f, first, words, DOT_CHUNK, (n) => {
    f.get(first).i32(2).op('i32.shl').set(offset)
    f.get(table).set(at).get(sums).set(sum)
    f.while(at, end, 4, () => {
      f.get(at).load('i32.load').get(offset).op('i32.add')
      f.get(basis, offset).op('i32.add').get(planeBytes, n).i32(2).op('i32.shr_u').get(sum).call(dot)
      f.increment(sum, SUM_BYTES)
    })
  })
}

function emitFoldRows(m: ModuleBuilder, scratch: Global, { fold }: FoldFunctions): void {
  const f = m.func('foldRows', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'])
  const [from, to, size, circle, arityLog, factors, chunk, first, outputs] = f.params
  const i32 = (): Local => f.local('i32')
  const [source, sourceBytes, target, targetBytes] = [i32(), i32(), i32(), i32()]
  const [i, left, words, heap, line, toBytes] = [i32(), i32(), i32(), i32(), i32(), i32()]
  f.get(size, arityLog).op('i32.shr_u').i32(2).op('i32.shl').set(toBytes)
  eachChunk(f, first, outputs, chunk, (n) => {
    f.i32(0).set(i)
    f.get(size).i32(2).op('i32.shl').set(sourceBytes)
    f.get(from, first).get(arityLog).i32(2).op('i32.add', 'i32.shl', 'i32.add').set(source)
    f.while(i, arityLog, 1, () => {
      // `left` folds follow.
      f.get(arityLog, i).op('i32.sub').i32(1).op('i32.sub').set(left)
      f.get(n, left).op('i32.shl').set(words)
      f.get(size, i).op('i32.shr_u').get(first, left).i32(1).op('i32.add', 'i32.shl', 'i32.add').set(heap)
      // Only a first fold is of a circle domain; the heap of a line is that of the circle domain twice its size.
      f.get(i).op('i32.eqz').get(circle).op('i32.and').tee(line).op('i32.eqz')
      f.if(() => f.get(heap).i32(1).op('i32.shl').set(heap))
      f.get(left).if(
        () => {
          f.global(scratch, BLOCKS)
            .get(i)
            .i32(1)
            .op('i32.and')
            .i32(FOLD_BYTES)
            .op('i32.mul', 'i32.add')
            .set(target)
          f.get(words).i32(2).op('i32.shl').set(targetBytes)
        },
        () => {
          f.get(to, first).i32(2).op('i32.shl', 'i32.add').set(target)
          f.get(toBytes).set(targetBytes)
        },
      )
      f.get(source, sourceBytes, target, targetBytes, heap, words, line)
      f.get(factors, i).i32(4).op('i32.shl', 'i32.add').call(fold)
      f.get(target).set(source).get(targetBytes).set(sourceBytes)
    })
  })
}

function emitQuotientRows(
  m: ModuleBuilder,
  scratch: Global,
  { inverses, denominators, quotients }: FieldFunctions & FoldFunctions,
): void {
  const f = m.func('quotientRows', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], ['i32'])
  const [size, constants, sums, count, planes, first, words] = f.params
  eachChunk(f, first, words, CHUNK, (n) => {
    f.get(size, first).op('i32.add').get(n, constants).call(denominators)
    f.global(scratch, QUOTIENT.norm).global(scratch, QUOTIENT.inverse).get(n).call(inverses)
    f.op('i32.eqz').if(() => f.i32(0).op('return'))
    f.get(n, constants, first, sums, count, planes, size).i32(2).op('i32.shl').call(quotients)
  })
  f.i32(1)
}

function emitSelectorRows(
  m: ModuleBuilder,
  scratch: Global,
  { inverses, selector, products }: FieldFunctions & FoldFunctions,
): void {
  const f = m.func('selectorRows', ['i32', 'i32', 'i32', 'i32', 'i32'])
  const [heap, words, constants, to, factor] = f.params
  eachChunk(f, heap, words, CHUNK, (n) => {
    f.get(heap, n, constants).call(selector)
    f.global(scratch, QUOTIENT.norm).global(scratch, QUOTIENT.inverse).get(n).call(inverses).op('drop')
    f.global(scratch, QUOTIENT.re).global(scratch, QUOTIENT.inverse).get(to, n, factor).call(products)
    f.get(to, n).i32(2).op('i32.shl', 'i32.add').set(to)
  })
}
