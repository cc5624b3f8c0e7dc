/** Sets of numbers as ascending pairs start, end in one array; pairs neither touch nor overlap. */
export type Spans = number[]

/** Adds [start, end). */
export function addSpan(spans: Spans, start: number, end: number): void {
  if (start >= end) return
  let to = spans.length
  while (to > 0 && spans[to - 2] > end) to -= 2
  let from = to
  while (from > 0 && spans[from - 1] >= start) from -= 2
  if (from === to) {
    if (to === spans.length) spans.push(start, end)
    else spans.splice(to, 0, start, end)
    return
  }
  spans[from] = Math.min(start, spans[from])
  spans[from + 1] = Math.max(end, spans[to - 1])
  if (to - from > 2) spans.splice(from + 2, to - from - 2)
}

/** Takes [start, end) away. */
export function removeSpan(spans: Spans, start: number, end: number): void {
  for (let i = spans.length - 2; i >= 0; i -= 2) {
    const [a, b] = [spans[i], spans[i + 1]]
    if (b <= start || a >= end) continue
    const left: number[] = []
    if (a < start) left.push(a, start)
    if (b > end) left.push(end, b)
    spans.splice(i, 2, ...left)
  }
}

/** Index of the first span that ends after `at`. */
function firstEndingAfter(spans: Spans, at: number): number {
  let [low, high] = [0, spans.length / 2]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (spans[2 * middle + 1] > at) high = middle
    else low = middle + 1
  }
  return 2 * low
}

/** Calls back with each part of [start, end) that is not in the set, ascending. */
export function eachGap(
  spans: Spans,
  start: number,
  end: number,
  gap: (start: number, end: number) => void,
): void {
  let at = start
  for (let i = firstEndingAfter(spans, start); i < spans.length && at < end && spans[i] < end; i += 2) {
    if (spans[i] > at) gap(at, spans[i])
    at = spans[i + 1]
  }
  if (at < end) gap(at, end)
}

/** Whether [start, end) lies in the set. */
export function covers(spans: Spans, start: number, end: number): boolean {
  if (start >= end) return true
  const i = firstEndingAfter(spans, start)
  return i < spans.length && spans[i] <= start && spans[i + 1] >= end
}
