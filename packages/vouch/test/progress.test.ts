import { describe, expect, it } from 'vitest'
import { progressView } from '../src/progress.ts'

function recorder(isTTY: boolean): { isTTY: boolean; columns: number; text: string; write(t: string): void } {
  return {
    isTTY,
    columns: 80,
    text: '',
    write(t) {
      this.text += t
    },
  }
}

describe('progress', () => {
  it('draws one line on a terminal and takes it away', () => {
    const stream = recorder(true)
    let time = 0
    const view = progressView(stream, false, () => time)
    view.update({ phase: 'commit', done: 1, total: 2 })
    expect(stream.text).toContain(' 50% commit')
    time = 10
    const before = stream.text
    view.update({ phase: 'commit', done: 2, total: 2 })
    expect(stream.text).toBe(before)
    time = 100
    view.update({ phase: 'commit', done: 2, total: 2 })
    expect(stream.text).toContain('100% commit')
    view.end()
    expect(stream.text.endsWith('\r\x1b[2K')).toBe(true)
    expect(stream.text).not.toContain('\n')
  })

  it('writes a line a phase into a pipe, without escapes', () => {
    const stream = recorder(false)
    const view = progressView(stream, false, () => 0)
    for (const phase of ['execute', 'execute', 'commit']) view.update({ phase, done: 0, total: 0 })
    view.end()
    expect(stream.text).toBe('execute (0.00 µs)\ncommit (0.00 µs)\n')
  })

  it('is silent when quiet', () => {
    const stream = recorder(true)
    const view = progressView(stream, true)
    view.update({ phase: 'execute', done: 1, total: 1 })
    view.note('hello')
    view.end()
    expect(stream.text).toBe('')
  })
})
