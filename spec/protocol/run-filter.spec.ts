import { expect } from 'chai';
import { readFilter, unknownKey } from '#protocol/run-filter';
import type { RunRow } from '#protocol/views';

const row = (change: Partial<RunRow>): RunRow =>
  ({
    runId: '01JZ0000000000000000000000',
    name: 'crawl',
    command: ['python3', 'crawl.py'],
    cwd: '/srv/jobs',
    state: 'running',
    activity: 'active',
    labels: {},
    rules: [],
    policy: 'standard',
    lastLine: null,
    restartDueAtMs: null,
    cpuPct: 12,
    ...change,
  }) as RunRow;

const rows = [
  row({ name: 'crawl', labels: { night: 'yes', team: 'data' } }),
  row({ name: 'train', cpuPct: 99, labels: { team: 'ml' } }),
  row({ name: 'two words', state: 'paused' }),
];
const matching = (filter: string): readonly string[] => rows.filter(readFilter(filter)).map(({ name }) => name);

describe('the filter of runs', () => {
  it('matches where every word holds, and excludes with a dash', () => {
    expect(matching('label:night state:running')).to.deep.equal(['crawl']);
    expect(matching('team:ml')).to.deep.equal(['train']);
    expect(matching('-label:team')).to.deep.equal(['two words']);
    expect(matching('cpu>50')).to.deep.equal(['train']);
    expect(matching('"two words"')).to.deep.equal(['two words']);
    expect(matching('python3 -state:paused')).to.deep.equal(['crawl', 'train']);
  });

  it('tells a key that means nothing', () => {
    expect(unknownKey('-stat:running', rows)).to.equal('stat');
    expect(unknownKey('team:data label:night cpu>5 free text', rows)).to.equal(null);
  });
});
