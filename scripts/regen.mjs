// Writes all that is generated: npm run regen. With --check, compares instead and exits 1 on a difference.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const args = process.argv.slice(2)
const statuses = ['regen-docs.mjs', 'regen-hash-each.mjs', 'regen-guests.mjs'].map((script) => {
  const path = fileURLToPath(new URL(script, import.meta.url))
  return spawnSync(process.execPath, [path, ...args], { stdio: 'inherit' }).status ?? 1
})
process.exit(Math.max(...statuses))
