// Runs every ```sh block of README.md from the repository root, in order, and fails on the first that fails.
// A block that starts with `git clone` is what brought the reader here and is skipped.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const text = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = [...text.matchAll(/^```(sh|js)\n([\s\S]*?)^```/gm)].map((m) => ({
  language: m[1],
  code: m[2],
}))
const scratch = mkdtempSync(join(tmpdir(), 'vouch-readme-'))
let run = 0
try {
  for (const { language, code } of blocks) {
    if (code.startsWith('git clone') || /^npm (ci|test)\b/.test(code)) continue
    console.log(`\n$ ${code.trimEnd().replaceAll('\n', '\n$ ')}`)
    const file = join(root, `.readme-block-${process.pid}.mjs`)
    if (language === 'js') writeFileSync(file, code)
    const result =
      language === 'js'
        ? spawnSync(process.execPath, [file], {
            cwd: root,
            stdio: 'inherit',
            env: { ...process.env, OUT: scratch },
          })
        : spawnSync('bash', ['-euo', 'pipefail', '-c', code], {
            cwd: root,
            stdio: 'inherit',
            env: { ...process.env, OUT: scratch },
          })
    if (language === 'js') rmSync(file, { force: true })
    if (result.status !== 0) {
      console.error(`README block failed with status ${result.status}`)
      process.exit(1)
    }
    run++
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
console.log(`\n${run} README blocks ran`)
