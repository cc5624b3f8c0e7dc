export const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1]

export const secondsSince = (start) => (performance.now() - start) / 1000

/** Runs `work` until `least` seconds have gone by, at least three times, and gives the shortest time. */
export function shortest(work, least = 0.2) {
  let best = Infinity
  const start = performance.now()
  for (let i = 0; i < 3 || secondsSince(start) < least; i++) {
    const from = performance.now()
    work()
    best = Math.min(best, secondsSince(from))
  }
  return best
}

/** a + b·x through points, each weighed so that relative errors count alike. */
export function fitLine(points) {
  let [w, wx, wy, wxx, wxy] = [0, 0, 0, 0, 0]
  for (const { x, y } of points) {
    const k = 1 / (y * y)
    w += k
    wx += k * x
    wy += k * y
    wxx += k * x * x
    wxy += k * x * y
  }
  const b = (w * wxy - wx * wy) / (w * wxx - wx * wx)
  return { fixed: (wy - b * wx) / w, slope: b }
}
