import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { Fact } from '#protocol/facts';
import type { ActivePolicy } from '#protocol/policies';
import type { PoliciesReply } from '#protocol/policy-views';
import { createForge, type Forge, script } from './flowforge.ts';

const text = (threshold: number): string =>
  `apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: kept }\nrules:\n  - { id: hot, when: cpu.pct > ${threshold}, action: alert }\n`;

describe('the policy in force', function () {
  this.timeout(120_000);
  let forge: Forge;
  let folder: string;
  let file: string;
  before(async () => {
    forge = createForge();
    folder = mkdtempSync(path.join(tmpdir(), 'ff-kept-'));
    mkdirSync(path.join(folder, 'policies'));
    file = path.join(folder, 'policies', 'kept.yaml');
    writeFileSync(file, text(7000));
    const job = ['python3', script('prints_lines.py'), '--rate', '2', '--count', '4000', '--timeout', '300'];
    const begun = await forge.run('run', '--detach', '--name', 'printer', '--policy', file, '--', ...job);
    expect(begun.code, begun.stderr).to.equal(0);
  });
  after(async () => {
    await forge.end();
    rmSync(folder, { recursive: true, force: true });
  });

  const inForce = async (): Promise<string | undefined> =>
    (await forge.json<ActivePolicy[]>('policy', 'active', '--json'))[0]?.hash;
  const applied = async (): Promise<string[]> =>
    (await forge.json<Fact[]>('policy', 'history', '--json')).flatMap((fact) =>
      fact.kind === 'policy-applied' ? [fact.hash] : [],
    );
  const isReloadGood = async (): Promise<boolean> =>
    /^flowforge_policy_last_reload_successful 1$/m.test(await (await forge.get('/metrics')).text());

  it('is still the one that was rolled back to after a kill -9 of the daemon, whatever its file says', async () => {
    const first = await inForce();
    writeFileSync(file, text(8000));
    await forge.until('the save to be in force', async () => (await inForce()) !== first);
    expect((await forge.run('policy', 'rollback', file, '--reason', 'not yet')).code).to.equal(0);
    expect(await inForce()).to.equal(first);
    const switches = await applied();
    const { pid } = await forge.status();
    process.kill(Number(pid), 'SIGKILL');
    await forge.until('the job to be adopted', async () => {
      const now = await forge.status();
      return now.running && now.pid !== pid && (await inForce()) !== undefined;
    });
    expect(await inForce()).to.equal(first);
    expect(await applied()).to.deep.equal(switches);
    expect(await isReloadGood()).to.equal(true);
  });

  it('is chosen for the next run where none is live: applied, taken back, and told in the history', async () => {
    const idle = path.join(folder, 'idle.yaml');
    const job = ['--name', 'short', '--policy', idle, '--', 'true'];
    const [before, next] = [text(1000), text(2000)];
    writeFileSync(idle, before);
    expect((await forge.run('run', ...job)).code).to.equal(0);
    writeFileSync(idle, next);
    const kept = await forge.run('policy', 'apply', idle, '--reason', 'for tonight');
    expect(kept.stdout, kept.stderr).to.match(
      /^in force: \w{8} for the next run \(no live run follows it\), \d+ tests/,
    );
    const taken = await forge.run('policy', 'rollback', idle, '--reason', 'not tonight');
    expect(taken.stdout, taken.stderr).to.match(/^in force: \w{8} for the next run/);
    const applied = (await forge.json<Fact[]>('policy', 'history', '--json')).filter(
      (fact) => fact.kind === 'policy-applied' && fact.source === `file:${idle}`,
    );
    expect(applied.map((fact) => 'reason' in fact && fact.reason)).to.deep.equal(['not tonight', 'for tonight']);
    expect((await forge.run('policy', 'active')).stdout).to.contain(`${idle}  rolled back, for the next run`);
    const { items } = (await (await forge.get('/v1/policies')).json()) as PoliciesReply;
    expect(items.find(({ key }) => key === `file:${idle}`)).to.deep.include({ runs: [], trouble: null });
    writeFileSync(idle, text(3000));
    await forge.until('the save to end the rollback', async () => {
      const active = await forge.json<ActivePolicy[]>('policy', 'active', '--json');
      return active.every(({ key }) => key !== `file:${idle}`);
    });
  });

  it('is looked for again at SIGHUP, where no watch could see that its folder was exchanged', async () => {
    const before = await inForce();
    renameSync(path.join(folder, 'policies'), path.join(folder, 'old'));
    await forge.until('the loss to be told of', async () => !(await isReloadGood()));
    mkdirSync(path.join(folder, 'policies'));
    writeFileSync(file, text(9000));
    expect(await inForce()).to.equal(before);
    const { pid } = await forge.status();
    process.kill(Number(pid), 'SIGHUP');
    await forge.until('the new text to be in force', async () => (await inForce()) !== before);
    expect(await isReloadGood()).to.equal(true);
  });
});
