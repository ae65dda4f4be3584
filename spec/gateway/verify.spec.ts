import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { newTag } from '#action/containment/run-mark';
import { readProcFile } from '#action/process-identity';
import type { RunSurvivors } from '#protocol/gateway-api';
import type { RunId } from '#protocol/ids';
import { limitsOfTag } from '#protocol/run-tag';
import { eventually, fixture } from '../coordinator/shimmed-run.ts';
import { exited, newRunId, requested, started } from '../record/told-facts.ts';
import { type RunningGateway, withGateway } from './running-gateway.ts';

const layRun = (
  home: string,
  run: { readonly runId: RunId; readonly tag: number; readonly keepOrphans?: true },
): void => {
  const directory = join(home, 'runs', run.runId);
  mkdirSync(directory, { recursive: true });
  const handle = { level: 'tag-scan', tag: run.tag };
  writeFileSync(join(directory, 'spec.json'), JSON.stringify({ handle, keepOrphans: run.keepOrphans ?? false }));
};

/** Marked as the shim marks a job: by limits that outlive its environment, or by the cookie. */
const leaveProcess = (tag: number, mark: 'limits' | 'cookie', program = 'sleep 60'): ChildProcess => {
  const { soft, hard } = limitsOfTag(tag);
  const marking = `prlimit --pid $$ --msgqueue=${soft}:${hard} && exec env -i PATH="$PATH" ${program}`;
  return mark === 'cookie'
    ? spawn('sleep', ['60'], { env: { FLOWFORGE_RUN_TAG: String(tag) }, stdio: 'ignore' })
    : spawn('sh', ['-c', marking], { stdio: 'ignore' });
};

const survivorsOf = async ({ get }: RunningGateway): Promise<readonly RunSurvivors[]> =>
  (await get('/v1/verify')).body.survivors;

const until = async (running: RunningGateway, isSo: (found: readonly RunSurvivors[]) => boolean): Promise<void> => {
  for (const endMs = performance.now() + 10_000; !isSo(await survivorsOf(running)); await pause(20))
    if (performance.now() > endMs) throw new Error(`waited 10 s; ${JSON.stringify(await survivorsOf(running))}`);
};

const settled = (runId: RunId) => ({ kind: 'run-settled', runId, next: 'none' }) as const;

describe('the proof of the record', function () {
  this.timeout(30_000);

  for (const mark of ['limits', 'cookie'] as const)
    it(`names a process of a run that was told as over, found by its ${mark}`, () =>
      withGateway(async (running) => {
        const [runId, tag] = [newRunId(), newTag()];
        layRun(running.home, { runId, tag });
        await running.tell(requested(runId), started(runId), exited(runId), settled(runId));
        const left = leaveProcess(tag, mark);
        try {
          await until(running, (found) => found[0]?.processes[0]?.command === '[sleep]');
          expect(await survivorsOf(running)).to.deep.equal([
            { runId, survivors: 1, processes: [{ pid: left.pid, command: '[sleep]' }] },
          ]);
        } finally {
          left.kill('SIGKILL');
        }
        await until(running, (found) => found.length === 0);
      }));

  it('names a process that goes on without its main thread, which the kernel calls a zombie', () =>
    withGateway(async (running) => {
      const [runId, tag] = [newRunId(), newTag()];
      layRun(running.home, { runId, tag });
      await running.tell(requested(runId), started(runId), exited(runId), settled(runId));
      const left = leaveProcess(tag, 'limits', fixture('headless.py'));
      try {
        await eventually('its second thread alone', () =>
          (readProcFile(`/proc/${left.pid}/stat`) ?? '').includes(') Z ') ? true : null,
        );
        expect((await survivorsOf(running))[0]?.processes).to.deep.equal([{ pid: left.pid, command: '[python3]' }]);
      } finally {
        left.kill('SIGKILL');
      }
    }));

  it('finds one whose run the record has forgotten, and accuses none that lives or was spared', () =>
    withGateway(async (running) => {
      const runs = ['forgotten', 'live', 'spared'].map((what) => ({ what, runId: newRunId(), tag: newTag() }));
      const left = runs.map(({ what, runId, tag }) => {
        layRun(running.home, { runId, tag, ...(what === 'spared' ? { keepOrphans: true } : {}) });
        return leaveProcess(tag, 'limits');
      });
      try {
        const [forgotten, live, spared] = runs.map(({ runId }) => runId);
        if (forgotten === undefined || live === undefined || spared === undefined) throw new Error('there are three');
        writeFileSync(join(running.home, 'runs', forgotten, 'settled'), '');
        await running.tell(requested(live), started(live), requested(spared), exited(spared), settled(spared));
        await until(running, (found) => found.length > 0);
        expect((await survivorsOf(running)).map(({ runId }) => runId)).to.deep.equal([forgotten]);
      } finally {
        for (const child of left) child.kill('SIGKILL');
      }
    }));
});
