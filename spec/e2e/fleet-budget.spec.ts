import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { BudgetView } from '#protocol/gateway-api';
import type { TimelineEntry } from '#protocol/views';
import { createForge, type Forge, script } from './flowforge.ts';

describe('a budget of all jobs together', function () {
  this.timeout(120_000);
  let forge: Forge;
  let folder: string;
  before(() => {
    forge = createForge();
    folder = mkdtempSync(path.join(tmpdir(), 'ff-fleet-'));
  });
  after(async () => {
    await forge.end();
    rmSync(folder, { recursive: true, force: true });
  });

  const detach = async (name: string, file: string, count: number): Promise<void> => {
    const agent = script(path.join('..', 'agents', 'over_budget.py'));
    const job = ['python3', agent, '--pace', '0.7', '--count', String(count), '--timeout', '90'];
    const begun = await forge.run('run', '--detach', '--name', name, '--policy', file, '--', ...job);
    expect(begun.code, begun.stderr).to.equal(0);
  };
  const ofFleet = async (): Promise<BudgetView | undefined> =>
    (await forge.json<BudgetView[]>('budget', 'show', 'fleet', '--json'))[0];
  const pauseOf = (name: string) =>
    forge.until(`a pause of ${name}`, async () => {
      const { runId } = await forge.inspect(name);
      const reply = await forge.get(`/v1/runs/${runId}/timeline?limit=500`);
      const { items } = (await reply.json()) as { items: TimelineEntry[] };
      return items.find(({ kind }) => kind === 'run-paused') ?? null;
    });

  it('counts what ended before and outlives the daemon, pauses who spends, and one command lets them go on', async () => {
    const file = path.join(folder, 'purse.yaml');
    // An hour may end in the middle of a spec; a month hardly ever does.
    writeFileSync(
      file,
      'apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: purse }\nbudgets:\n  - { id: own, scope: job, usd: 900 }\n  - { id: common, scope: fleet, window: month, usd: 8, on_exceeded: pause }\n',
    );
    await detach('first', file, 2);
    await forge.until('the first to end', async () => (await forge.inspect('first')).state === 'exited');
    await detach('second', file, 40);
    await forge.until('both to be counted', async () => ((await ofFleet())?.spentUsd ?? 0) > 2.5);
    const { pid } = await forge.status();
    process.kill(pid ?? 0, 'SIGKILL');
    const paused = await pauseOf('second');
    expect(paused.text).to.match(/dollars \((computed|reported)\) spent by all jobs: budget common \(\$8\) is used up/);
    const used = await ofFleet();
    expect(used).to.include({ scope: 'fleet', runId: null, usd: 8, leftUsd: 0, basis: 'computed' });
    const [own] = await forge.json<BudgetView[]>('budget', 'show', 'second', '--json');
    // What the first spent, all of what the second did, and nothing twice.
    expect(used?.spentUsd)
      .to.be.closeTo(2 + (own?.spentUsd ?? 0), 0.01)
      .and.at.least(8);
    expect((await forge.run('budget', 'check')).code).to.equal(1);
    const shown = await forge.run('budget', 'show', 'fleet');
    expect(shown.stdout).to.match(
      /^fleet common, month \(until .*\): \$\d+\.\d\d \(computed\) of \$8\.00, \$0\.00 left/,
    );
    const added = Math.ceil((used?.spentUsd ?? 0) - 8) + 4;
    const extended = await forge.run('budget', 'extend', 'fleet', String(added), '--reason', 'it is worth it');
    expect(extended.stdout, extended.stderr).to.match(/fleet: budget common has \$\d+\.00 more/);
    const more = await forge.until('it to spend more', async () => {
      const now = await ofFleet();
      return (now?.spentUsd ?? 0) > (used?.spentUsd ?? 0) + 1 ? now : null;
    });
    expect(more).to.include({ usd: 8 + added, extraUsd: added, times: 1 });
    await forge.run('stop', 'second', '--grace', '0s');
    const { runId } = await forge.inspect('second');
    const replayed = await forge.run('replay', runId);
    expect(replayed.stdout, replayed.stderr).to.match(/decisions come out the same/);
  });
});
