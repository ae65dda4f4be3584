// usage: npm run policy:evil
// Gives the checker of a daemon texts that were made to hold it up, and prints how long each takes to be refused, where it says
// the mistake is, and how long a thread that ticks beside it had to wait; then applies them all to a live daemon and prints how late
// its looks at a guarded job were. Ends with 1 beyond 100 ms of any.
import { loadavg } from 'node:os';
import { createPolicyChecker } from '../../dist/server/config/policy-checker.js';
import { evil, rule, toPolicy } from '../../dist/spec/config/evil-policies.js';
import { lagUnderEvil } from './evil-live.mjs';

const mostMs = 100;
const beatMs = 5;
const rounds = 5;
const checker = createPolicyChecker();
await checker.check({ policy: toPolicy(rule('cpu.pct > 5')), test: null });
let failed = false;
console.log('| text | refused at | refused after, median | worst wait beside it, median |\n|---|---|---|---|');
for (const [what, text] of Object.entries(evil)) {
  const policy = toPolicy(text);
  const took = [];
  const lags = [];
  let place = 'NOT REFUSED';
  for (let round = 0; round < rounds; round += 1) {
    let lagMs = 0;
    let lastMs = performance.now();
    const beat = setInterval(() => {
      lagMs = Math.max(lagMs, performance.now() - lastMs - beatMs);
      lastMs = performance.now();
    }, beatMs);
    const began = performance.now();
    const checked = await checker.check({ policy, test: null });
    took.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, beatMs * 2));
    clearInterval(beat);
    lags.push(lagMs);
    if (checked.kind === 'refused') place = `${checked.line}:${checked.column}`;
  }
  const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  failed ||= place === 'NOT REFUSED' || median(took) > mostMs || median(lags) > mostMs;
  console.log(`| ${what} | ${place} | ${median(took).toFixed(0)} ms | ${median(lags).toFixed(0)} ms |`);
}
await checker.close();
const live = await lagUnderEvil();
for (const what of live.kept) console.log(`NOT REFUSED: ${what}`);
failed ||= live.kept.length > 0 || live.evil > mostMs;
console.log(
  `a live daemon, ${live.looks} looks at a job: at worst ${live.evil} ms late while all of these were applied, ${live.quiet} ms before`,
);
console.log(`load ${loadavg()[0].toFixed(1)}`);
process.exitCode = failed ? 1 : 0;
