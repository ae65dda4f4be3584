import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { BacktestReport, ReplayReport } from '#protocol/backtest';
import { createForge, type Forge, script } from './flowforge.ts';

describe('judging recorded runs again', function () {
  this.timeout(120_000);
  let forge: Forge;
  let folder: string;
  let file: string;
  const policy = (name: string, rules: string): string => {
    const target = path.join(folder, `${name}.yaml`);
    writeFileSync(target, `apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: ${name} }\nrules:\n${rules}\n`);
    return target;
  };
  before(async () => {
    forge = createForge();
    folder = mkdtempSync(path.join(tmpdir(), 'ff-past-'));
    file = policy(
      'ladder',
      '  - { id: talks, when: output.lines > 20, for: 1s, action: [{ do: alert }, { do: pause, after: 1s, resume_after: 1s }, { do: stop, after: 5s }] }',
    );
    const printer = ['python3', script('prints_lines.py'), '--rate', '10'];
    await Promise.all([
      forge.run('run', '--name', 'talker', '--policy', file, '--grace', '1s', '--', ...printer, '--count', '200'),
      forge.run('run', '--name', 'short', '--policy', file, '--', ...printer, '--count', '15'),
      forge.run('run', '--name', 'shadow', '--shadow-mode', '--policy', file, '--', ...printer, '--count', '90'),
      forge.run('run', '--name', 'looper', '--', 'python3', script('infinite_looper.py'), '--timeout', '40'),
      forge.run(
        'run',
        '--name',
        'leaker',
        '--max-mem',
        '100MiB',
        '--',
        'python3',
        script('memory_leaker.py'),
        '--rate-mb',
        '60',
        '--timeout',
        '20',
      ),
    ]);
  });
  after(async () => {
    await forge.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it('makes every decision again from the record, the same', async () => {
    for (const [name, fewest] of [
      ['talker', 3],
      ['short', 0],
      ['shadow', 2],
      ['looper', 2],
      ['leaker', 1],
    ] as const) {
      const report = await forge.json<ReplayReport>('replay', name, '--json');
      expect(report, name).to.deep.include({ name, differences: [], unknownPolicies: [] });
      expect(report.decisions, name).to.be.at.least(fewest);
      expect(report.again).to.equal(report.decisions);
    }
  });

  it('comes out different once a threshold is moved across what was recorded', async () => {
    const moved = path.join(folder, 'moved.yaml');
    writeFileSync(moved, readFileSync(file, 'utf8').replace('output.lines > 20', 'output.lines > 5000'));
    const report = await forge.run('replay', 'talker', '--policy', moved);
    expect(report.code).to.equal(1);
    expect(report.stdout).to.match(/talks: decided step 0 alert.*, now nothing/);
  });

  it('tells what a candidate would have done, jobs that finished well first, and fails the gate for them', async () => {
    const eager = policy('eager', '  - { id: eager, when: output.lines > 8, action: stop }');
    const report = await forge.json<BacktestReport>('policy', 'backtest', eager, '--since', '1h', '--json');
    expect(report).to.include({ runs: 5, recorded: 5 });
    const [first, second] = report.differing;
    expect([first?.name, second?.name].sort()).to.deep.equal(['shadow', 'short']);
    expect(first).to.deep.include({ endedWell: true, active: null });
    expect(first?.candidate?.rule).to.equal('eager');
    const gate = await forge.run('policy', 'backtest', eager, '--since', '1h', '--max-new-stops', '0');
    expect(gate.code, gate.stdout).to.equal(1);
    expect(gate.stdout.split('\n')[0]).to.match(/^recorded 5 of 5 runs \(100 %\)/);
    expect(gate.stdout).to.match(/!! new {2}sh(ort|adow).* before it succeeded/);
    const calm = policy('calm', '  - { id: calm, when: output.lines > 9000, action: stop }');
    const same = await forge.run('policy', 'backtest', calm, '--since', '1h', '--max-new-stops', '0');
    expect(same.code, same.stdout).to.equal(0);
  });

  it('ends with 2 where the candidate is not valid, so that no gate takes it for too many stops', async () => {
    const bad = policy('bad', '  - { id: bad, when: output.lnes > 8, action: stop }');
    const told = await forge.run('policy', 'backtest', bad, '--max-new-stops', '0');
    expect(told.code, told.stderr).to.equal(2);
    expect(told.stderr).to.match(/bad\.yaml:5:\d+: .*Did you mean output\.lines \(a count\)/);
    const gone = await forge.run('policy', 'backtest', path.join(folder, 'gone.yaml'));
    expect(gone.code, gone.stderr).to.equal(2);
  });

  it('compares with what really happened, with the active policy, or with a file', async () => {
    const byWhat = async (...against: string[]): Promise<readonly (string | undefined)[]> => {
      const report = await forge.json<BacktestReport>(
        'policy',
        'backtest',
        file,
        '--since',
        '1h',
        ...against,
        '--json',
      );
      const talker = report.differing.find(({ name }) => name === 'talker');
      return [report.against, talker?.active?.rule ?? 'nothing', talker?.candidate?.rule];
    };
    expect(await byWhat()).to.deep.equal(['what really happened', 'nothing', undefined]);
    expect(await byWhat('--against', 'active')).to.deep.equal(['standard', 'nothing', 'talks']);
    expect(await byWhat('--against', file)).to.deep.equal(['ladder.yaml', 'nothing', undefined]);
  });

  it('tells what differs between files, shipped policies and the active one', async () => {
    const other = policy('other', '  - { id: talks, when: output.lines > 30, action: alert }');
    const files = await forge.run('policy', 'diff', file, other);
    expect(files.code, files.stderr).to.equal(0);
    expect(files.stdout).to.match(/^\+.*output\.lines > 30/m);
    const shipped = await forge.run('policy', 'diff', 'standard', 'active');
    expect(shipped.stdout).to.equal('no difference\n');
    const unknown = await forge.run('policy', 'diff', 'standrad');
    expect(unknown.code).to.equal(1);
    expect(unknown.stderr).to.match(/expected active, a file, a shipped policy or the beginning of a hash.*standrad/);
  });

  it('suggests thresholds from healthy runs, as a policy that is good', async () => {
    const few = await forge.run('policy', 'suggest', '--from', 'short');
    expect(few.code).to.equal(3);
    expect(few.stderr).to.match(/1 runs, [01] of them ended well .*too few/);
    const printer = ['python3', script('prints_lines.py'), '--rate', '10', '--count', '130'];
    const names = ['steady-1', 'steady-2', 'steady-3'];
    await Promise.all(names.map((name) => forge.run('run', '--name', name, '--', ...printer)));
    const suggested = await forge.run('policy', 'suggest', '--from', ...names);
    expect(suggested.code, suggested.stderr).to.equal(0);
    expect(suggested.stdout).to.match(
      /# highest of 3 runs: .* judged by the others, [01] of 3 would alarm; at most \d+ % of runs/,
    );
    const written = path.join(folder, 'suggested.yaml');
    writeFileSync(written, suggested.stdout);
    const good = await forge.run('policy', 'check', written);
    expect(good.code, good.stdout).to.equal(0);
    expect(good.stdout).to.match(/unusual-mem-rss/);
  });

  it('explains a rule with its values, and says when evidence is not enough', async () => {
    const explained = await forge.run('policy', 'explain', 'short', 'talks');
    expect(explained.stdout).to.match(/talks: does not hold\n {2}when output\.lines\[1?\d\] > 20/);
    const atIncident = await forge.run('policy', 'explain', 'shadow', 'talks', '--incident', '0');
    expect(atIncident.stdout, atIncident.stderr).to.match(/talks: holds\n {2}when output\.lines\[\d\d\] > 20/);
    const unknown = await forge.run('policy', 'explain', 'short', '--incident', 'zz');
    expect(unknown.stderr).to.match(/the run has no incident zz\n.*it has none at all/);
    const promoted = await forge.run('policy', 'promote', 'talks');
    expect(promoted.code).to.equal(3);
    expect(promoted.stdout).to.match(/talks: inconclusive – it has 0 of 5 verdicts/);
  });
});
