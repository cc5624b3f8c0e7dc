import { defineConfig } from 'vitest/config'

// Workspace packages resolve to their TypeScript source, so tests need no build.
export default defineConfig({
  resolve: { conditions: ['vouch-source'] },
  ssr: { resolve: { conditions: ['vouch-source'] } },
  test: { include: ['packages/*/test/**/*.test.ts', 'scripts/**/*.test.ts'], testTimeout: 60_000 },
})
