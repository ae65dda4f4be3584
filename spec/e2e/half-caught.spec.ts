import { expect } from 'chai';
import { createForge, type Forge } from './flowforge.ts';

const looper =
  'end=$(($(date +%s) + 60)); while [ $(date +%s) -lt $end ]; do echo "error: the orchard does not answer"; sleep 0.2; done';
// A failing line is told of after ten seconds of it: half of that before the kill, half after.
const halfMs = 5_500;

describe('a looper that is half caught when the daemon is killed', function () {
  this.timeout(120_000);
  let forge: Forge;
  before(() => {
    forge = createForge();
  });
  after(() => forge.end());

  it('is told of soon after it was adopted, with what it did before', async () => {
    await forge.run('run', '--detach', '--name', 'half', '--', 'sh', '-c', looper);
    const before = await forge.until('half of the evidence', async () => {
      const run = await forge.inspect('half');
      return run.startedAtMs !== null && Date.now() - run.startedAtMs > halfMs ? run : null;
    });
    const { pid } = await forge.status();
    const killedAtMs = Date.now();
    process.kill(Number(pid), 'SIGKILL');
    const adoptedAtMs = await forge.until('its adoption', async () => {
      const run = (await forge.ps()).find((row) => row.runId === before.runId);
      return run?.state === 'running' && run.liveAtMs !== null && run.liveAtMs > killedAtMs ? run.liveAtMs : null;
    });
    const incident = await forge.until('the incident', async () => {
      const found = (await forge.incidents()).find((one) => one.rule === 'repeating-output');
      return found ?? null;
    });
    const [repetition] = incident.evidence;
    expect(repetition?.firstAtMs).to.be.lessThan(killedAtMs);
    // Seen for the first time after the kill, the line would have had to come for ten seconds more.
    expect(incident.openedAtMs - adoptedAtMs).to.be.lessThan(8_000);
    await forge.run('stop', 'half');
  });
});
