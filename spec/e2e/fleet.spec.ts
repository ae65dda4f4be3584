import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { slowness } from '../slowness.ts';
import { createForge, type Forge, script } from './flowforge.ts';

const jobs = 50;
const windowMs = 10_000;

describe('fifty jobs that print ten lines a second each', function () {
  this.timeout(180_000);
  let forge: Forge;
  before(() => {
    forge = createForge();
  });
  after(() => forge.end());

  it('cost the daemon at most 15 % of a core and 220 MB, and are all shown', async () => {
    await forge.run('daemon', 'start');
    const argv = ['python3', script('prints_lines.py'), '--rate', '10', '--count', '100000', '--timeout', '150'];
    for (let n = 1; n <= jobs; n++) {
      const started = await forge.post('/v1/runs', requestFor(`printer-${n}`, argv));
      expect(started.status, started.text).to.equal(201);
    }
    const { pid } = await forge.status();
    const cpuBefore = cpuMsOf(Number(pid));
    const beganMs = performance.now();
    await new Promise((resolve) => setTimeout(resolve, windowMs));
    const corePct = ((cpuMsOf(Number(pid)) - cpuBefore) / (performance.now() - beganMs)) * 100;
    const rssMb = rssKbOf(Number(pid)) / 1000;
    process.stdout.write(
      `      daemon with ${jobs} printers: ${corePct.toFixed(1)} % of a core, ${rssMb.toFixed(0)} MB\n`,
    );
    const rows = (await forge.ps()).filter((run) => run.state === 'running' && run.rssBytes !== null);
    expect(rows).to.have.length(jobs);
    expect(corePct).to.be.at.most(15 * slowness());
    expect(rssMb).to.be.at.most(220);
  });
});

const requestFor = (name: string, argv: readonly string[]): object => ({
  name,
  argv,
  cwd: process.cwd(),
  env: { PATH: process.env.PATH ?? '' },
  labels: {},
  profile: 'standard',
  policy: { kind: 'shipped', name: 'standard' },
  limits: { maxCpuPct: 60, maxMemBytes: null, timeoutMs: null, graceMs: 2000, pollIntervalMs: 500, logWindowLines: 10 },
  rollout: null,
  noKill: false,
  restart: { mode: 'no', max: 0 },
  keepOrphans: false,
  umask: 0o022,
  stdin: 'null',
  model: null,
});

/** User and system time of all threads, milliseconds. */
const cpuMsOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

const rssKbOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
