import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect } from 'chai';
import { resolvePaths } from '#config/paths';

const { packageRoot } = resolvePaths({});
const bench = (script: string, ...args: string[]) =>
  spawnSync(process.execPath, [path.join(packageRoot, 'ops', script), ...args], { encoding: 'utf8' });

describe('the benches, in small', () => {
  it('record, replay and judge again simulated runs, and come to the same', () => {
    const { status, stdout, stderr } = bench('policy/backtest-load.mjs', '--runs', '4', '--hours', '0.2');
    expect([status, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.match(/runs whose decisions differ: 0; decisions: [1-9]/);
  });

  it('generate the lines that they measure', () => {
    const { status, stdout } = bench('detection/generate-lines.mjs', '--lines', '50');
    expect([status, stdout.trimEnd().split('\n').length]).to.deep.equal([0, 50]);
  });
});
