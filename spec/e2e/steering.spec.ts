import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { FactBody } from '#protocol/facts';
import type { BudgetView } from '#protocol/gateway-api';
import type { TimelineEntry } from '#protocol/views';
import { createForge, type Forge, script } from './flowforge.ts';

const agent = (name: string): string => script(path.join('..', 'agents', name));

describe('steering a run that goes wrong', function () {
  this.timeout(120_000);
  let forge: Forge;
  let folder: string;
  before(() => {
    forge = createForge();
    folder = mkdtempSync(path.join(tmpdir(), 'ff-steer-'));
  });
  after(async () => {
    await forge.end();
    rmSync(folder, { recursive: true, force: true });
  });

  const policy = (name: string, body: string): string => {
    const file = path.join(folder, `${name}.yaml`);
    writeFileSync(file, `apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: ${name} }\n${body}\n`);
    return file;
  };
  const detach = async (name: string, file: string, ...job: string[]): Promise<void> => {
    const begun = await forge.run('run', '--detach', '--name', name, '--policy', file, ...job);
    expect(begun.code, begun.stderr).to.equal(0);
  };
  const timeline = async (name: string): Promise<readonly TimelineEntry[]> => {
    const { runId } = await forge.inspect(name);
    const reply = await forge.get(`/v1/runs/${runId}/timeline?limit=500`);
    return ((await reply.json()) as { items: TimelineEntry[] }).items;
  };
  const waitFor = <Kind extends FactBody['kind']>(name: string, kind: Kind, count = 1) =>
    forge.until(`${kind} of ${name}`, async () => {
      const found = (await timeline(name)).filter((entry) => entry.kind === kind);
      return found.length >= count ? found : null;
    });

  it('pauses an agent over its budget with the sum and its basis; one command extends it, and it goes on', async () => {
    const file = policy(
      'dear',
      'pricing: { source: bundled, basis: api }\nbudgets:\n  - { id: per-job, scope: job, usd: 3, warn_at: [50%], on_exceeded: pause, extend: { step: 4, max: 1 } }',
    );
    await detach('novelist', file, '--', 'python3', agent('over_budget.py'), '--pace', '0.3', '--timeout', '60');
    const [paused] = await waitFor('novelist', 'run-paused');
    expect(paused?.text).to.match(
      /[34](\.\d+)? dollars \((computed|reported)\) spent: budget per-job \(\$3\) is used up/,
    );
    expect((await forge.inspect('novelist')).state).to.equal('paused');
    const [before] = await forge.json<BudgetView[]>('budget', 'show', 'novelist', '--json');
    expect(before?.spentUsd).to.be.at.least(3);
    expect((await forge.run('budget', 'check')).code).to.equal(1);
    const extended = await forge.run('budget', 'extend', 'novelist', '--reason', 'chapter five is good');
    expect(extended.stdout, extended.stderr).to.match(/budget per-job has \$4\.00 more/);
    const more = await forge.until('it to spend more', async () => {
      const [now] = await forge.json<BudgetView[]>('budget', 'show', 'novelist', '--json');
      return (now?.spentUsd ?? 0) > (before?.spentUsd ?? 0) + 1 ? now : null;
    });
    expect(more).to.include({ usd: 7, extraUsd: 4, times: 1 });
    await waitFor('novelist', 'run-paused', 2);
    const refused = await forge.run('budget', 'extend', 'novelist');
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.match(/extended 1 times, which is all that its policy allows/);
    await forge.run('stop', 'novelist', '--grace', '0s');
  });

  it('pauses an agent over its tokens; too few more are refused with the least, enough let it go on', async () => {
    const file = policy('wordy', 'budgets: [{ id: words, scope: job, tokens: 100k, on_exceeded: pause }]');
    await detach('talker', file, '--', 'python3', agent('over_budget.py'), '--pace', '0.3', '--timeout', '60');
    await waitFor('talker', 'run-paused');
    const [before] = await forge.json<BudgetView[]>('budget', 'show', 'talker', '--json');
    expect(before).to.include({ tokens: '100k', leftTokens: 0 });
    const spent = before?.spentTokens ?? 0;
    const inVain = await forge.run('budget', 'extend', 'talker', '5');
    expect(inVain.stderr).to.match(/Budget words is in tokens alone: dollars are not counted.*\n*.*--tokens 5M/);
    const tooFew = await forge.run('budget', 'extend', 'talker', '--tokens', '1');
    expect(tooFew.stderr).to.contain(`Add at least \`--tokens ${spent - 100_000 + 1}\``);
    const enough = await forge.run('budget', 'extend', 'talker', '--tokens', '5M');
    expect(enough.stdout, enough.stderr).to.match(/talker: budget words has 5M tokens more/);
    await forge.until('it to spend more', async () => {
      const [now] = await forge.json<BudgetView[]>('budget', 'show', 'talker', '--json');
      return (now?.spentTokens ?? 0) > spent ? now : null;
    });
    const shown = await forge.run('budget', 'show', 'talker');
    expect(shown.stdout).to.match(/words: \d+ of 5100k tokens, \S+ left; 5M tokens of it added in 1\n/);
    const [extended] = await waitFor('talker', 'budget-extended');
    expect(extended?.text).to.contain('budget words extended by 5M tokens in all');
    await forge.run('stop', 'talker', '--grace', '0s');
    const replayed = await forge.run('replay', (await forge.inspect('talker')).runId);
    expect(replayed.stdout, replayed.stderr).to.match(/decisions come out the same/);
  });

  it('climbs a ladder: nudge, throttle, a pause that ends by itself, then stop', async () => {
    const file = policy(
      'ladder',
      `rules:
  - id: talks
    summary: "{{output.lines}} lines of it"
    when: output.lines > 3
    action:
      - { do: nudge, message: "You wrote {{output.lines}} lines." }
      - { do: throttle, after: 1s }
      - { do: pause, after: 2s, resume_after: 1s }
      - { do: stop, after: 5s, if: "!acknowledged" }`,
    );
    await detach('climber', file, '--grace', '1s', '--', 'python3', script('repeats_until_told.py'), '--deaf');
    await waitFor('climber', 'stop-verified');
    const kinds = (await timeline('climber')).map(({ kind }) => kind);
    const steps = ['run-nudged', 'run-throttled', 'run-paused', 'run-resumed', 'stop-began'] as const;
    expect(kinds.filter((kind) => steps.some((step) => step === kind))).to.deep.equal([...steps]);
    const [nudged] = (await timeline('climber')).filter(({ kind }) => kind === 'run-nudged');
    expect(nudged?.text).to.match(/You wrote \d+ lines\./);
  });

  it('restarts a job by its ladder, but never stops one whose command is gone', async () => {
    const file = policy(
      'again',
      'rules:\n  - { id: talks, when: output.lines > 3, action: [{ do: alert }, { do: restart, after: 3s }] }',
    );
    const command = path.join(folder, 'job');
    copyFileSync('/bin/sh', command);
    chmodSync(command, 0o755);
    const job = ['-c', 'i=0; while [ $i -lt 300 ]; do i=$((i + 1)); echo same; sleep 0.2; done'];
    await detach('gone', file, '--grace', '0s', '--', command, ...job);
    await waitFor('gone', 'incident-opened');
    rmSync(command);
    const [refused] = await waitFor('gone', 'restart-refused');
    expect(refused?.text).to.match(/^NOT restarted: its command could not be started again \(.*\); it goes on$/);
    expect((await forge.inspect('gone')).state).to.equal('running');
    expect((await timeline('gone')).map(({ kind }) => kind)).to.not.include('stop-began');
    copyFileSync('/bin/sh', command);
    chmodSync(command, 0o755);
    await detach('there', file, '--grace', '0s', '--', command, ...job);
    const { runId } = await forge.inspect('there');
    const next = await forge.until('the next run', async () => {
      const reply = await forge.get(`/v1/runs/${runId}`);
      return ((await reply.json()) as { run: { nextRunId: string | null } }).run.nextRunId;
    });
    expect(next).to.not.equal(runId);
    for (const name of ['gone', 'there']) await forge.run('stop', name, '--grace', '0s');
  });

  it('does not stop what a person has seen, and counts whether the rule was right', async () => {
    const file = policy(
      'seen',
      'rules:\n  - { id: talks, when: output.lines > 3, action: [{ do: alert }, { do: stop, after: 4s, if: "!acknowledged" }] }',
    );
    await detach('seen', file, '--', 'python3', script('repeats_until_told.py'), '--deaf', '--timeout', '9');
    const [opened] = await waitFor('seen', 'incident-opened');
    const acked = await forge.run('ack', opened?.incidentId ?? '', '--wrong', '-m', 'it is meant to');
    expect(acked.code, acked.stderr).to.equal(0);
    await waitFor('seen', 'run-settled');
    expect((await forge.inspect('seen')).state).to.equal('exited');
    const story = await timeline('seen');
    expect(story.map(({ text }) => text)).to.include('acknowledged by cli: the rule was wrong (it is meant to)');
  });

  it('lets a job read what it is told: in its file, and on its input where it asked for that', async () => {
    const calm = policy('calm', 'rules:\n  - { id: never, when: cpu.pct > 9000 }');
    await detach('reader', calm, '--', 'python3', script('repeats_until_told.py'));
    await detach('listener', calm, '--inject-feedback', '--', 'python3', script('repeats_until_told.py'));
    for (const name of ['reader', 'listener']) {
      await forge.until(`${name} to run`, async () => (await forge.inspect(name)).state === 'running');
      expect((await forge.run('nudge', name, 'try the other door')).code).to.equal(0);
      await waitFor(name, 'run-settled');
      const { runId } = await forge.inspect(name);
      const output = readFileSync(path.join(forge.home, 'runs', runId, 'stdout.log'), 'utf8');
      expect(output).to.match(
        name === 'reader'
          ? /told in a file: .*"try the other door"/
          : /told (on input|in a file): .*try the other door/,
      );
    }
    expect((await timeline('listener')).find(({ kind }) => kind === 'run-nudged')?.text).to.match(/\(stdin\)/);
  });
});
