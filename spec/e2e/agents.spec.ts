import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { slowness } from '../slowness.ts';
import { createForge, type Forge, script } from './flowforge.ts';

const agent = (name: string): string => script(`../agents/${name}`);

describe('agents under the policy that nobody chose', function () {
  this.timeout(120_000);
  let forge: Forge;
  before(async () => {
    forge = createForge();
    await forge.run('daemon', 'start');
  });
  after(() => forge.end());

  const running = (name: string, ...args: string[]): string[] => ['run', '--name', name, '--', 'python3', ...args];
  const incidentsOf = async (name: string, rule: string) =>
    (await forge.incidents()).filter((incident) => incident.name === name && incident.rule === rule);

  it('one that repeats a failing call is told of by its fifth', async () => {
    const paceMs = 1000;
    const args = ['--pace', String(paceMs / 1000), '--timeout', '40'];
    const { child, finished } = forge.start(...running('repeater', agent('repeats_failing_call.py'), ...args));
    const incident = await forge.until('the tool loop', async () => {
      const [first] = await incidentsOf('repeater', 'tool-loop');
      return first ?? null;
    });
    const startedAtMs = (await forge.inspect('repeater')).startedAtMs ?? 0;
    expect(incident).to.include({ severity: 'critical', action: 'alert' });
    // Its fifth call is answered after five paces, its sixth a pace later.
    expect(incident.openedAtMs - startedAtMs).to.be.lessThan(5 * paceMs + paceMs * slowness());
    expect(incident.evidence[0]?.summary).to.match(/Bash .*(4|5) times/);
    await forge.run('stop', 'repeater');
    await finished;
    expect(child.exitCode).to.not.equal(0);
  });

  it('one that starts two hundred others within a minute is stopped within five seconds', async () => {
    const end = await forge.run(...running('explosion', agent('fans_out_children.py')));
    expect(end.code, end.stderr).to.equal(124);
    const [incident] = await incidentsOf('explosion', 'sub-agent-explosion');
    expect(incident).to.include({ action: 'stop', enforced: true });
    const { startedAtMs, endedAtMs } = await forge.inspect('explosion');
    expect((endedAtMs ?? Number.NaN) - (startedAtMs ?? 0)).to.be.at.most(5000);
  });

  it('one that asks forty times about a growing build, and one that edits and tests, are left alone', async () => {
    const ends = await Promise.all([
      forge.run(...running('poller', agent('polls_growing_build.py'))),
      forge.run(...running('worker', agent('healthy_agent.py'))),
    ]);
    expect(ends.map((end) => end.code)).to.deep.equal([0, 0]);
    const theirs = (await forge.incidents()).filter((incident) => ['poller', 'worker'].includes(incident.name));
    expect(theirs).to.deep.equal([]);
  });

  it('one that keeps a transcript where its kind does is seen by that, whatever it prints', async () => {
    const kept = path.join(forge.home, 'agent-home');
    const project = path.join(kept, 'projects', process.cwd().replace(/[^a-zA-Z0-9]/g, '-'));
    const command = path.join(forge.home, 'claude');
    const stream = `exec python3 ${agent('repeats_failing_call.py')} --timeout 30 > ${path.join(project, 's.jsonl')}`;
    writeFileSync(command, `#!/bin/sh\necho thinking\nmkdir -p ${project}\n${stream}\n`, { mode: 0o755 });
    const args = ['run', '--detach', '--name', 'found', '--', command];
    expect((await forge.runWith({ env: { CLAUDE_CONFIG_DIR: kept } }, ...args)).code).to.equal(0);
    const found = await forge.until('the tool loop', async () => {
      const incidents = await incidentsOf('found', 'tool-loop');
      return incidents.length > 0 ? incidents : null;
    });
    expect(found).to.have.length(1);
    await forge.run('stop', 'found');
  });

  it('one that draws its screen and keeps a transcript is seen by that', async () => {
    const transcript = path.join(forge.home, 'session.jsonl');
    const quiet = `exec python3 ${agent('repeats_failing_call.py')} --timeout 30 > ${transcript}`;
    const args = ['run', '--detach', '--name', 'screen', '--transcript', transcript, '--', 'sh', '-c', quiet];
    expect((await forge.run(...args)).code).to.equal(0);
    const [incident] = await forge.until('the tool loop', async () => {
      const found = await incidentsOf('screen', 'tool-loop');
      return found.length > 0 ? found : null;
    });
    expect(incident?.evidence[0]?.summary).to.match(/Bash/);
    await forge.run('stop', 'screen');
  });
});
