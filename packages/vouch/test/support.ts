import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'

const BIN = fileURLToPath(new URL('../bin/vouch.js', import.meta.url))

export interface Outcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface VouchOptions {
  readonly cwd?: string
  readonly stdin?: Uint8Array | string
  /** Called with all of standard error so far; return true to send `signal`, once. */
  readonly interruptWhen?: (stderr: string) => boolean
  /** SIGINT unless told otherwise. */
  readonly signal?: NodeJS.Signals
}

/** Runs the built command line as a user would. */
export function vouch(args: readonly string[], options: VouchOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: options.cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: 120_000,
    })
    let stdout = ''
    let stderr = ''
    let interrupted = false
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      if (!interrupted && options.interruptWhen?.(stderr) === true) {
        interrupted = true
        child.kill(options.signal ?? 'SIGINT')
      }
    })
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, stdout, stderr }))
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.stdin ?? '')
  })
}

/** A folder for the tests of one file, and what lies in it. */
export function workFolder(): { path: (name: string) => string; names: () => Promise<string[]> } {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vouch-cli-'))
  })
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
  })
  return {
    path: (name) => join(folder, name),
    names: async () => (await readdir(folder)).sort(),
  }
}

/** A file of guest-examples. */
export function example(path: string): string {
  return fileURLToPath(new URL(`../../../guest-examples/${path}`, import.meta.url))
}
