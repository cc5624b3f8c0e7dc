// Sets figures beside those of an earlier `--json`. The machine itself may have been slower or faster then: its ceilings,
// measured in both runs, give the factor by which the old times are corrected.
const ratio = (now, then) => `${(now / then).toFixed(2)}x`

/** How many times as long this machine takes now for the same work. */
function drift(then, now) {
  const pairs = [
    [now.product, then.product],
    [now.term, then.term],
    [now.hashedByte, then.hashedByte],
    [now.extension[1][16], then.extension[1][16]],
  ]
  return Math.exp(pairs.reduce((s, [a, b]) => s + Math.log(a / b), 0) / pairs.length)
}

export function compare(old, out, log) {
  const factor = old.ceilings === undefined ? 1 : drift(old.ceilings, out.ceilings)
  log(`\ncompared with ${old.node}, ${old.threads ?? 1} threads; times corrected by ${factor.toFixed(2)}`)
  for (const [name, { proofs }] of Object.entries(out.guests))
    for (const p of proofs) {
      const before = old.guests[name]?.proofs.find((q) => q.profile === p.profile)
      if (before === undefined) continue
      log(
        `  ${name} ${p.profile}: prove ${ratio(p.warmSeconds, before.warmSeconds * factor)}, ` +
          `verify ${ratio(p.verifyMs, before.verifyMs * factor)}, bytes ${ratio(p.proofBytes, before.proofBytes)}, ` +
          `memory ${ratio(p.peakMemoryBytes, before.peakMemoryBytes)}, cells ${ratio(p.cellsPerCycle, before.cellsPerCycle)}`,
      )
      const phases = p.phases.flatMap(({ name: phase, seconds }) => {
        const then = before.phases.find((f) => f.name === phase)
        return then === undefined || then.seconds === 0
          ? []
          : [`${phase} ${ratio(seconds, then.seconds * factor)}`]
      })
      log(`    ${phases.join(', ')}`)
    }
}
