import { execFileSync, spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { decisionMade, incidentOpened, newIncidentId, newRunId, requested, started } from '../record/told-facts.ts';
import { withGateway } from './running-gateway.ts';

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

describe('the metrics', () => {
  it('count runs, incidents, decisions and what the live runs use', () =>
    withGateway(async ({ tell, get, gateway }) => {
      const runId = newRunId();
      const incidentId = newIncidentId();
      await tell(requested(runId), started(runId), incidentOpened(runId, incidentId), decisionMade(runId, incidentId), {
        kind: 'worker-died',
        worker: 'action',
        generation: 1,
        why: 'asked',
      });
      const host = { cpuPct: 1, load1: 0, memTotalBytes: 1, memAvailableBytes: 1, diskFreeBytes: null };
      gateway.live({
        atMs: 1,
        host,
        rows: [
          { runId, atMs: 1, signals: { 'cpu.pct': 150, 'mem.rss': 1024 }, lastLine: null, rules: [], findings: [] },
        ],
      });
      const { text, headers } = await get('/metrics');
      expect(headers['content-type']).to.contain('text/plain');
      for (const line of [
        'flowforge_runs{state="running"} 1',
        'flowforge_facts_total 5',
        'flowforge_incidents_total{rule="cpu-and-repeating",severity="critical"} 1',
        'flowforge_decisions_total{rule="cpu-and-repeating",action="stop",enforced="true"} 1',
        'flowforge_worker_restarts_total{worker="action"} 1',
        `flowforge_run_cpu_cores{run_id="${runId}",name="looper"} 1.5`,
        `flowforge_run_rss_bytes{run_id="${runId}",name="looper"} 1024`,
      ]) {
        expect(text).to.contain(line);
      }
    }));

  it('are what promtool calls good', function () {
    if (!hasPromtool) {
      console.log('      promtool is not installed (Debian package prometheus): not checked');
      this.skip();
    }
    return withGateway(async ({ tell, get }) => {
      await tell(requested(newRunId(), { name: 'a "quoted"\nname\\' }));
      const { text } = await get('/metrics');
      expect(execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8', stdio: 'pipe' })).to.equal(
        '',
      );
    });
  });
});
