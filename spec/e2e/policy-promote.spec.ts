import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { Fact } from '#protocol/facts';
import type { ActivePolicy } from '#protocol/policies';
import { createForge, type Forge, script } from './flowforge.ts';

const text = `apiVersion: flowforge/v1
kind: Policy
metadata: { name: trial }
rollout: { mode: shadow } # on trial
rules:
  - { id: talks, when: output.lines > 3, action: pause }
`;

describe('a policy on trial', function () {
  this.timeout(120_000);
  let forge: Forge;
  let folder: string;
  let file: string;
  before(async () => {
    forge = createForge();
    folder = mkdtempSync(path.join(tmpdir(), 'ff-trial-'));
    file = path.join(folder, 'trial.yaml');
    writeFileSync(file, text);
    const job = ['python3', script('prints_lines.py'), '--rate', '2', '--count', '400', '--timeout', '110'];
    const begun = await forge.run('run', '--detach', '--name', 'printer', '--policy', file, '--', ...job);
    expect(begun.code, begun.stderr).to.equal(0);
    await forge.until('the rule to fire', async () => (await forge.incidents()).some(({ rule }) => rule === 'talks'));
  });
  after(async () => {
    await forge.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is not promoted without evidence, and not by force without a reason', async () => {
    const refused = await forge.run('policy', 'promote', '--to', 'canary');
    expect(refused.code, refused.stderr).to.equal(3);
    expect(refused.stdout).to.match(/talks: inconclusive .*\ninconclusive: nothing is changed; --force --reason/);
    const forced = await forge.run('policy', 'promote', '--to', 'canary', '--force');
    expect(forced.code).to.not.equal(0);
    expect(forced.stderr).to.match(/--force needs a --reason/);
    expect(readFileSync(file, 'utf8')).to.equal(text);
  });

  it('is judged by what its present condition caught, and by the time since it has stood in its mode', async () => {
    const [incident] = (await forge.incidents()).filter(({ rule }) => rule === 'talks');
    expect((await forge.run('ack', incident?.incidentId ?? '', '--right')).code).to.equal(0);
    const before = await forge.run('policy', 'promote', 'talks');
    expect(before.stdout, before.stderr).to.match(
      /1 of 5 verdicts .* 0\.0 of 3 days in shadow \(.*1 firings, .*1 right, 0 wrong\)/,
    );
    const copy = path.join(folder, 'copy', 'trial.yaml');
    mkdirSync(path.dirname(copy));
    writeFileSync(copy, text.replace('output.lines > 3', 'output.lines > 300000'));
    expect((await forge.run('policy', 'apply', copy, '--all')).code).to.equal(0);
    const after = await forge.run('policy', 'promote', 'talks');
    expect(after.code).to.equal(3);
    expect(after.stdout).to.match(/0 of 5 verdicts .*0 firings, .*; 1 more under another condition do not count/);
    expect((await forge.run('policy', 'apply', file, '--all')).code).to.equal(0);
  });

  it('goes from shadow to canary to enforced by force, is in the history with its reason, and can be taken back', async () => {
    const promoted = await forge.run('policy', 'promote', '--to', 'canary', '--force', '--reason', 'we looked');
    expect(promoted.code, promoted.stdout + promoted.stderr).to.equal(0);
    expect(readFileSync(file, 'utf8')).to.include('rollout: { mode: canary, percent: 10 } # on trial');
    const narrower = await forge.run(
      'policy',
      'promote',
      '--to',
      'canary',
      '--percent',
      '5',
      '--force',
      '--reason',
      'x',
    );
    expect(narrower.stderr).to.match(/takes 10 % already; a promotion only widens it/);
    const enforced = await forge.run(
      'policy',
      'promote',
      '--to',
      'enforce',
      '--force',
      '--reason',
      'sure now',
      '--yes',
    );
    expect(enforced.code, enforced.stdout + enforced.stderr).to.equal(0);
    const history = await forge.json<Fact[]>('policy', 'history', '--json');
    const reasons = history.flatMap((fact) => (fact.kind === 'policy-applied' ? [fact.reason] : []));
    expect(reasons.filter((reason) => reason !== '')).to.have.length(2);
    expect(reasons[0]).to.match(/^all rules: canary to enforce; sure now; talks fired \d, right \d, wrong 0$/);
    expect((await forge.run('policy', 'rollback', file, '--reason', 'too soon')).code).to.equal(0);
    const [active] = await forge.json<ActivePolicy[]>('policy', 'active', '--json');
    const [last] = await forge.json<Fact[]>('policy', 'history', '--json');
    expect(last?.kind === 'policy-applied' && last.hash).to.equal(active?.hash);
  });
});
