import { it } from 'vitest'
import { chip } from '../src/air/chip.ts'
import type { Bus, Chip } from '../src/air/chip.ts'
import { programOf } from '../src/air/program.ts'
import { createArena } from '../src/kernels/arena.ts'
import { wasmChip } from '../src/kernels/chip-wasm.ts'
import type { Kernels } from '../src/kernels/kernels.ts'
import { prevPosition } from '../src/kernels/positions.ts'
import { randomNumbers } from './air-random.ts'

function synthetic(nc: number, withMessages: boolean): Chip<never> {
  const r = randomNumbers(3)
  const bus = (id: number, n: number, table = false): Bus => ({ name: `b${id}`, id, fields: Array.from({ length: n }, (_, i) => `f${i}`), ...(table ? { table: { key: Array.from({ length: n }, (_, i) => (i ? 0 : 1)), shift: 0 } } : {}) })
  const [STATE, ROM, MEM, RANGE] = [bus(1, 2), bus(2, 8), bus(3, 5), bus(4, 1, true)]
  const names = Array.from({ length: 40 }, (_, i) => `c${i}`)
  return chip<string>({
    name: 's', doc: '', rows: () => 0, fill: () => {},
    columns: Object.fromEntries(names.map((n) => [n, 'free: x'])),
    constrain(c, b) {
      const col = () => c[names[r.below(40)]]
      for (let i = 0; i < nc; i++) {
        const e = i % 2 ? col().mul(col()) : col().mul(col().sub(col())).mul(col())
        b.zero(`k${i}`, e.add(col()).sub(col().add(1)))
      }
      const en = c['c0']
      if (!withMessages) { b.send('x', STATE, en, [c['c1'], c['c2']]); return }
      const clk = c['c2']
      b.receive('state', STATE, en, [c['c1'], clk])
      b.receive('rom', ROM, en, [7, c['c1'], c['c3'], c['c4'], c['c5'], c['c6'], 0, 0])
      b.send('next', STATE, en, [c['c1'].add(4), clk.add(1)])
      for (let s = 0; s < 3; s++) {
        const [v0, v1, p] = [c[`c${10 + s}`], c[`c${20 + s}`], c[`c${30 + s}`]]
        const now = clk.mul(4).add(s)
        b.receive(`before${s}`, MEM, en, [1, c[`c${3 + s}`], v0, v1, p])
        b.send(`after${s}`, MEM, en, s === 2 ? [1, c['c5'], c['c7'], c['c8'], now] : [1, c[`c${3 + s}`], v0, v1, now])
        b.receive(`time${s}`, RANGE, en, [now.sub(p).sub(1)])
      }
    },
  }) as Chip<never>
}

it('bench', () => {
  for (const [nc, ms] of [[60, false], [60, true], [20, true], [1, true]] as const) {
    const source = synthetic(nc, ms)
    const arena = createArena(0)
    const kernels = arena as unknown as Kernels
    const log = 14
    const n = 2 ** (log + 1)
    const r = randomNumbers(1)
    const column = (f: (i: number) => number) => { const p = kernels.alloc(n); kernels.words(p, n).forEach((_, i, w) => (w[i] = f(i))); return p }
    const main = source.columns.map((_, i) => column(() => i === 0 ? 1 : r.below(2 ** 31 - 1)))
    const interaction = Array.from({ length: 4 * source.groups.length }, () => column(r.element))
    const prev = column((q) => prevPosition(q, log, 1))
    const first = column(r.element)
    let t = performance.now()
    const k = wasmChip(source, kernels, arena.memory)
    const compile = performance.now() - t
    const [z, alpha, claim] = [r.extension(), r.extension(), r.extension()]
    const weights = Array.from({ length: source.constraints.length + source.groups.length }, r.extension)
    const planes = kernels.alloc(4 * n)
    const best = (f: () => void, rows: number): string => {
      let b = Infinity
      for (let i = 0; i < 150; i++) { const t = performance.now(); f(); b = Math.min(b, performance.now() - t) }
      return (b * 1e6 / rows).toFixed(1)
    }
    t = performance.now()
    k.constraints({ main, preprocessed: [], publics: [], interaction, prev, first }, log, { z, alpha, claim, weights }, [3, 5], planes)
    const cold = (performance.now() - t) * 1e6 / n
    const c = best(() => k.constraints({ main, preprocessed: [], publics: [], interaction, prev, first }, log, { z, alpha, claim, weights }, [3, 5], planes), n)
    const out = interaction.map(() => kernels.alloc(n))
    const f = best(() => k.interaction({ main, preprocessed: [], publics: [] }, log, z, alpha, out), n / 2)
    const q: Record<string, number> = {}
    for (const st of programOf(source).steps) q[st.kind] = (q[st.kind] ?? 0) + 1
    console.log(`${nc} constraints ${source.messages.length} messages ${source.groups.length} groups: compile ${compile.toFixed(1)} ms, constraints ${c} ns a row (cold ${cold.toFixed(0)}), interaction ${f} ns a row; ${JSON.stringify(q)}`)
  }
}, 60000)
