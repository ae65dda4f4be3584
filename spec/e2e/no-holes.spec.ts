import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { TimelineEntry } from '#protocol/views';
import { createForge, type Forge } from './flowforge.ts';

const capBytes = 1_000_000;

describe('the cap of a log where the file system punches no holes', function () {
  this.timeout(400_000);
  let forge: Forge;
  let programs = '';
  before(() => {
    programs = mkdtempSync(path.join(tmpdir(), 'ff-programs-'));
    writeFileSync(path.join(programs, 'fallocate'), '#!/bin/sh\necho "Operation not supported" >&2\nexit 1\n');
    chmodSync(path.join(programs, 'fallocate'), 0o755);
    const PATH = `${programs}:${process.env.PATH}`;
    forge = createForge({ PATH, FLOWFORGE_LOG_CAP: `${capBytes}B`, FLOWFORGE_ARCHIVE: 'on' });
  });
  after(async () => {
    await forge.end();
    rmSync(programs, { recursive: true });
  });

  it('holds while the run is halted for a moment, and keeps every line once, also when the daemon is killed meanwhile', async () => {
    const stop = path.join(programs, 'stop');
    const printer = `import os, sys, time
n = 0
while not os.path.exists(sys.argv[1]):
    n += 1
    print(f"line {n} " + "x" * 500, flush=True)
    time.sleep(0.003)`;
    await forge.run('run', '--detach', '--name', 'printer', '--', 'python3', '-c', printer, stop);
    const runId = (await forge.ps())[0]?.runId ?? '';
    const file = path.join(forge.home, 'runs', runId, 'stdout.log');
    const entries = async () => {
      const page = (await (await forge.get(`/v1/runs/${runId}/timeline?limit=500`)).json()) as {
        items: TimelineEntry[];
      };
      return page.items;
    };
    const times = async (kind: TimelineEntry['kind']) =>
      (await entries()).filter((entry) => entry.kind === kind).length;
    await forge.until('it to be halted', async () => (await times('run-paused')) > 0, 90_000);
    process.kill(Number((await forge.status()).pid), 'SIGKILL');
    await forge.until('another daemon', async () => (await forge.status()).running || null, 60_000);
    const before = await times('run-resumed');
    await forge.until('it to be cut twice more', async () => (await times('run-resumed')) > before + 1, 120_000);
    const { size, blocks } = statSync(file);
    // How much waits for its turn depends on the machine; what was given back does not come again.
    expect(size - blocks * 512, 'bytes given back').to.be.greaterThan(capBytes / 2);
    writeFileSync(stop, '');
    await forge.until('it to end', async () => (await forge.inspect(runId)).state === 'exited', 90_000);
    expect((await forge.inspect(runId)).exitCode).to.equal(0);
    const { stdout } = await forge.run('logs', runId);
    const told = stdout
      .trimEnd()
      .split('\n')
      .map((line) => Number(/^line (\d+) /.exec(line)?.[1]));
    expect(told).to.deep.equal(Array.from(told, (_, at) => at + 1));
    expect(told.length, 'more than the cap holds').to.be.greaterThan(capBytes / 510);
    const kinds = new Set((await entries()).map(({ kind }) => kind));
    // That a cut did not come about just now may be told: a daemon that is killed cannot finish it. Nothing is lost by that.
    expect(kinds.has('output-gap'), 'a gap').to.equal(false);
  });
});
