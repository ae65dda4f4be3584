// A daemon that guards a job while evil texts are applied to it one after the other: how long each takes to be refused, and how much
// later than it should be detection's worst look at the job was meanwhile.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { scanRows } from '../../dist/server/record/recording-scan.js';
import { evil, rule } from '../../dist/spec/config/evil-policies.js';
import { createForge, script } from '../../dist/spec/e2e/flowforge.js';

const pollMs = 100;
const quietMs = 3_000;

/** @returns the lag of the looks at the job, in milliseconds: while nobody did anything, and while evil was applied. */
export const lagUnderEvil = async () => {
  const forge = createForge();
  const folder = mkdtempSync(path.join(tmpdir(), 'ff-evil-'));
  try {
    const file = path.join(folder, 'evil.yaml');
    writeFileSync(file, rule('cpu.pct > 5000'));
    const job = ['python3', script('prints_lines.py'), '--rate', '2', '--count', '4000', '--timeout', '300'];
    const begun = await forge.runWith(
      { env: { FLOWFORGE_POLL_INTERVAL: `${pollMs}ms` } },
      ...['run', '--detach', '--name', 'guarded', '--policy', file, '--', ...job],
    );
    if (begun.code !== 0) throw new Error(begun.stderr);
    const { runId } = await forge.inspect('guarded');
    await wait(quietMs);
    const fromMs = Date.now();
    const kept = [];
    for (const [what, text] of Object.entries(evil)) {
      writeFileSync(file, text);
      const { status, text: answer } = await forge.post('/v1/policies/apply', {
        source: { kind: 'file', path: file },
        runs: 'followers',
        reason: what,
        accept: false,
      });
      if (status !== 200 || JSON.parse(answer).kind !== 'refused') kept.push(`${what}: ${answer.slice(0, 200)}`);
    }
    const untilMs = Date.now();
    await forge.run('stop', 'guarded', '--yes');
    await forge.run('daemon', 'stop');
    const looks = [...scanRows(path.join(forge.home, 'recordings', `${runId}.rec`), 0)].map(({ atMs }) => atMs);
    const worst = (from, until) =>
      looks.reduce((lag, atMs, index) => {
        const gap = atMs - (looks[index - 1] ?? atMs) - pollMs;
        return atMs > from && atMs <= until ? Math.max(lag, gap) : lag;
      }, 0);
    return { quiet: worst(fromMs - quietMs, fromMs), evil: worst(fromMs, untilMs), looks: looks.length, kept };
  } finally {
    await forge.end();
    rmSync(folder, { recursive: true, force: true });
  }
};
