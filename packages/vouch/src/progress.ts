import { seconds } from './format.ts'

/** Structurally the prover's progress: `done` of `total` units in this phase. */
export interface PhaseProgress {
  readonly phase: string
  readonly done: number
  readonly total: number
}

export interface ProgressView {
  update(progress: PhaseProgress): void
  /** A line of its own, above the bar. */
  note(line: string): void
  /** Takes the bar away. */
  end(): void
}

/** The part of a terminal or a pipe that the view needs. */
export interface ProgressStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const REDRAW_MS = 80
const LINE_MS = 5000

/** A bar on a terminal, a line a phase elsewhere, nothing when `quiet`. */
export function progressView(
  stream: ProgressStream,
  quiet: boolean,
  now: () => number = () => performance.now(),
): ProgressView {
  if (quiet) return { update: () => undefined, note: () => undefined, end: () => undefined }
  return stream.isTTY === true ? bar(stream, now) : lines(stream, now)
}

function bar(stream: ProgressStream, now: () => number): ProgressView {
  const start = now()
  let phase = ''
  let drawn = -Infinity
  let shown = false
  const clear = (): void => {
    if (shown) stream.write('\r\x1b[2K')
    shown = false
  }
  return {
    update(progress) {
      const time = now()
      if (progress.phase === phase && time - drawn < REDRAW_MS) return
      phase = progress.phase
      drawn = time
      const columns = stream.columns ?? 80
      const text = `${drawing(progress, columns)}${phase}  ${seconds((time - start) / 1e3)}`
      clear()
      stream.write(text.slice(0, columns - 1))
      shown = true
    },
    note(line) {
      clear()
      stream.write(line + '\n')
    },
    end: clear,
  }
}

/** Empty for a phase of unknown length. */
function drawing(progress: PhaseProgress, columns: number): string {
  if (progress.total === 0) return ''
  const share = fraction(progress)
  const width = Math.max(0, Math.min(30, columns - 50))
  const full = Math.round(share * width)
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}] ${percent(share)} `
}

function lines(stream: ProgressStream, now: () => number): ProgressView {
  const start = now()
  let phase = ''
  let drawn = -Infinity
  return {
    update(progress) {
      const time = now()
      if (progress.phase === phase && time - drawn < LINE_MS) return
      const share = progress.phase === phase ? ` ${percent(fraction(progress))}` : ''
      phase = progress.phase
      drawn = time
      stream.write(`${phase}${share} (${seconds((time - start) / 1e3)})\n`)
    },
    note(line) {
      stream.write(line + '\n')
    },
    end: () => undefined,
  }
}

function fraction({ done, total }: PhaseProgress): number {
  return total > 0 ? Math.min(1, Math.max(0, done / total)) : 0
}

function percent(share: number): string {
  return `${String(Math.floor(share * 100)).padStart(3)}%`
}
