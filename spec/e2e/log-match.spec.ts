import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { BacktestReport, ReplayReport } from '#protocol/backtest';
import { createForge, type Forge, script } from './flowforge.ts';

/** Five losses of a training that has lost its way, or four; then it would go on for half a minute. */
const training = (bad: number): readonly string[] => [
  'python3',
  '-c',
  `import time\nfor step in range(${bad}):\n  print(f'step {step} loss: nan', flush=True)\n  time.sleep(0.2)\nprint('going on', flush=True)\ntime.sleep(${bad === 5 ? 30 : 4})`,
];

describe('a rule that counts lines', function () {
  this.timeout(120_000);
  let forge: Forge;
  let folder: string;
  const policy = (name: string, logMatch: string): string => {
    const target = path.join(folder, `${name}.yaml`);
    writeFileSync(
      target,
      `apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: ${name} }\nrules:\n  - id: bad-loss\n    summary: "{{log.count}} lines say that the loss is lost"\n    detect: { log_match: ${logMatch} }\n    action: stop\n`,
    );
    return target;
  };
  before(async () => {
    forge = createForge();
    folder = mkdtempSync(path.join(tmpdir(), 'ff-match-'));
    const file = policy('losses', `{ pattern: '(?i)\\bloss\\b[^\\n]{0,40}\\b(nan|inf)\\b', count: 5, within: 2m }`);
    await Promise.all([
      forge.run('run', '--name', 'lost', '--policy', file, '--grace', '1s', '--', ...training(5)),
      forge.run('run', '--name', 'lucky', '--policy', file, '--grace', '1s', '--', ...training(4)),
    ]);
  });
  after(async () => {
    await forge.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it('stops a job at the fifth such line, with the count and the line, and lets one with four go on', async () => {
    const told = await forge.run('why', 'lost');
    expect(told.stdout).to.include('5 lines say that the loss is lost').and.to.include('loss: nan');
    expect((await forge.run('why', 'lucky')).stdout).not.to.include('lines say');
  });

  it('decides the same again from the record', async () => {
    for (const [name, decisions] of [
      ['lost', 1],
      ['lucky', 0],
    ] as const)
      expect(await forge.json<ReplayReport>('replay', name, '--json')).to.deep.include({ decisions, differences: [] });
  });

  it('answers what another count would have done, and says where the lines of a candidate were never counted', async () => {
    const backtest = (file: string): Promise<BacktestReport> =>
      forge.json<BacktestReport>('policy', 'backtest', file, '--since', '1h', '--json');
    const eager = await backtest(
      policy('eager', `{ pattern: '(?i)\\bloss\\b[^\\n]{0,40}\\b(nan|inf)\\b', count: 4, within: 2m }`),
    );
    expect(eager.acts).to.include({ candidate: 2, gained: 1 });
    expect(eager.missing).to.deep.equal([]);
    const other = await backtest(policy('other', `{ pattern: going on, count: 1, within: 2m }`));
    expect(other.acts.candidate).to.equal(0);
    expect(other.missing).to.have.length(1);
    expect(other.missing[0]).to.deep.include({ runs: 2 });
  });

  it('counts for a job that runs already once its policy asks, and stops it', async () => {
    const file = policy('edited', '{ pattern: never, count: 1, within: 2m }');
    const ticking = ['python3', script('prints_lines.py'), '--rate', '20', '--count', '2000'];
    await forge.run('run', '--detach', '--name', 'edited', '--policy', file, '--grace', '1s', '--', ...ticking);
    policy('edited', `{ pattern: '^line \\d+', count: 10, within: 10s }`);
    const why = await forge.until('the job to be stopped by the new pattern', async () => {
      const { stdout } = await forge.run('why', 'edited');
      return stdout.includes('lines say') ? stdout : null;
    });
    expect(why).to.match(/1\d lines say that the loss is lost/);
  });
});
