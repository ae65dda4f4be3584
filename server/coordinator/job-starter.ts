import { rmSync } from 'node:fs';
import path from 'node:path';
import { newTag } from '#action/containment/run-mark';
import type { Actor } from '#protocol/actor';
import type { StartedRun } from '#protocol/control';
import type { Fact, FactBody } from '#protocol/facts';
import { foldRun } from '#protocol/fold-run';
import { parseJobId, parseRunId, type RunId } from '#protocol/ids';
import type { PolicyText } from '#protocol/messages';
import { policyKeyOf } from '#protocol/policies';
import type { ContainmentHandle, ContainmentLevel, RunRequest, RunSpec } from '#protocol/run-spec';
import type { Extra } from '#protocol/spending';
import type { RunView } from '#protocol/views';
import type { Clock } from '#runtime/clock';
import { newUlid } from '#runtime/new-ulid';
import { type Admission, hostPaceMs, type Refusal } from './admission.ts';
import type { FactDesk } from './fact-desk.ts';
import { launchRun, layRunDir } from './launch-run.ts';
import { neverPaused } from './paused-time.ts';
import type { PolicyBook } from './policy-book.ts';
import { runPaths } from './run-files.ts';
import { jobKeyOf, runRequested } from './run-requested.ts';
import { readSpecFile } from './run-spec-file.ts';
import type { RunRecord, RunTable } from './run-table.ts';

export interface StarterOptions {
  readonly clock: Clock;
  readonly runsDir: string;
  readonly containment: ContainmentLevel;
  readonly handleFor: (
    level: ContainmentLevel,
    run: { readonly runId: string; readonly tag: number },
  ) => ContainmentHandle;
  readonly table: RunTable;
  readonly policies: () => Pick<PolicyBook, 'admit' | 'inForce' | 'joined'>;
  readonly desk: () => FactDesk;
  readonly admission: Admission;
  readonly onStarted: (record: RunRecord) => void;
}

/** Makes runs of jobs: the first, the next after an end, and one more of a job that was over. */
export interface JobStarter {
  /** @throws Error when the policy of the request cannot be read. */
  first(request: RunRequest, by: Actor): Promise<StartedRun>;
  /**
   * The next run of a job whose run just ended, under the id that was given to it before a crash, if one was. A restart
   * that a person asked for is not counted.
   */
  next(record: RunRecord, cause: 'crash' | 'policy' | 'user'): Promise<StartedRun>;
  /** Gives what waits its turn, while there is room. */
  startQueued(): void;
  /** A run that an earlier daemon left in the queue. */
  wait(record: RunRecord): void;
  /** @throws Error when nothing is known of that run any more. */
  again(runId: RunId, by: Actor): Promise<StartedRun>;
}

interface Following {
  readonly policy: PolicyText;
  readonly key: string;
}

export const createJobStarter = (options: StarterOptions): JobStarter => {
  const { clock, desk, table } = options;
  let isLookDue = false;

  const launch = async (spec: RunSpec, follow: Following, by: Actor): Promise<StartedRun> => {
    const runDir = path.join(options.runsDir, spec.runId);
    layRunDir(runDir, spec);
    return begin(enter(spec, follow, runRequested(spec, follow.policy.name, by)));
  };

  /** Its first fact, and its place in the table. */
  const enter = (spec: RunSpec, follow: Following, first: FactBody): RunRecord => {
    const record: RunRecord = {
      ...unstarted,
      acknowledged: new Set(),
      extensions: new Map(),
      spec,
      runDir: path.join(options.runsDir, spec.runId),
      policy: follow.policy,
      policyKey: follow.key,
      view: viewOf([desk().say(first, { sync: true })]),
    };
    table.add(record);
    return record;
  };

  const begin = async (record: RunRecord): Promise<StartedRun> => {
    const { spec, runDir } = record;
    options.admission.started();
    options.policies().joined(record, null);
    const launched = await launchRun(runDir, spec);
    const started = { runId: spec.runId, jobId: spec.jobId, runDir, queued: null };
    if (launched.kind === 'failed') {
      const { exitCode, reason } = launched;
      desk().say({ kind: 'run-start-failed', runId: spec.runId, exitCode, reason });
      return { ...started, failed: { exitCode, reason } };
    }
    record.identity = launched.pidFile.identity;
    record.shimIdentity = launched.pidFile.shim;
    record.shim = launched.shim;
    desk().say({ kind: 'run-started', runId: spec.runId, ...record.identity });
    options.onStarted(record);
    return { ...started, failed: null };
  };

  const refusalOf = (spec: Pick<RunSpec, 'labels' | 'queue'>): Refusal | null =>
    options.admission.refusal(
      spec,
      table.live().flatMap((record) => (record.view.state === 'queued' ? [] : [record.spec])),
    );

  const enqueue = (spec: RunSpec, follow: Following, { by, refusal }: { by: Actor; refusal: Refusal }): StartedRun => {
    const { runId, jobId } = spec;
    const runDir = path.join(options.runsDir, runId);
    layRunDir(runDir, spec, { queued: true });
    const wish = runRequested(spec, follow.policy.name, by);
    const { generation } = spec;
    enter(spec, follow, { kind: 'run-queued', runId, jobId, generation, face: wish.face, why: refusal.why });
    if (refusal.until === 'host') lookLater();
    return { runId, jobId, runDir, failed: null, queued: refusal.why };
  };

  /** In its turn: every run is asked, the first of a job and those that follow. */
  const launchOrQueue = async (spec: RunSpec, follow: Following, by: Actor): Promise<StartedRun> => {
    const refusal = refusalOf(spec) ?? (spec.queue && table.live().some(isPatient) ? behindOthers : null);
    return refusal === null ? launch(spec, follow, by) : enqueue(spec, follow, { by, refusal });
  };

  /** Those that wait, oldest first; one that has to wait longer for its label does not hold up the others. */
  const startQueued = (): void => {
    for (const record of table.live().filter(({ view }) => view.state === 'queued')) {
      const refusal = refusalOf(record.spec);
      if (refusal?.until === 'host') lookLater();
      if (refusal !== null) continue;
      desk().say(runRequested(record.spec, record.policy.name, 'daemon'), { sync: true });
      rmSync(runPaths(record.runDir).queued, { force: true });
      void begin(record);
    }
  };

  const lookLater = (): void => {
    if (isLookDue) return;
    isLookDue = true;
    clock.after(hostPaceMs, () => {
      isLookDue = false;
      startQueued();
    });
  };

  /** What is new about each run of a job, beside its generation. */
  const fresh = (runId: RunId = parseRunId(newUlid())) => {
    const handle = options.handleFor(options.containment, { runId, tag: freshTag(table) });
    return { runId, handle, requestedAtMs: clock.now() };
  };

  return {
    startQueued,
    wait: (record) => {
      // It may have been told as begun, and then the daemon died before its shim was: its turn comes again.
      if (record.view.state !== 'queued') record.view = { ...record.view, state: 'queued' };
      startQueued();
    },
    first: async (request, by) => {
      const { cwd, argv } = request;
      const job = { jobId: parseJobId(newUlid()), jobKey: jobKeyOf(cwd, argv), generation: 1, restartsAtMs: [] };
      const policy = await options.policies().admit(request.policy);
      const follow = { policy, key: policyKeyOf(request.policy) };
      return launchOrQueue({ ...request, ...job, ...fresh() }, follow, by);
    },
    next: async ({ spec, view, policy, policyKey }, cause) => {
      const { runId, jobId } = spec;
      const born = fresh(view.nextRunId ?? undefined);
      if (view.nextRunId === null)
        desk().say({ kind: 'run-restarted', runId, jobId, nextRunId: born.runId }, { sync: true });
      const restartsAtMs = cause === 'user' ? spec.restartsAtMs : [...spec.restartsAtMs, clock.now()].slice(-50);
      return launchOrQueue(
        { ...spec, ...born, restartsAtMs, generation: spec.generation + 1 },
        { policy: options.policies().inForce(policyKey) ?? policy, key: policyKey },
        cause === 'user' ? 'api' : 'daemon',
      );
    },
    again: async (runId, by) => {
      const read = readSpecFile(path.join(options.runsDir, runId));
      if (read.kind !== 'read') throw new Error(read.kind === 'missing' ? 'its directory is gone' : read.why);
      const spec = read.value;
      const key = policyKeyOf(spec.policy);
      const policy = options.policies().inForce(key) ?? (await options.policies().admit(spec.policy));
      return launchOrQueue(
        { ...spec, ...fresh(), restartsAtMs: [], generation: spec.generation + 1 },
        { policy, key },
        by,
      );
    },
  };
};

const unstarted = {
  extra: new Map<string, Extra>(),
  paused: neverPaused,
  pausedBy: null,
  identity: null,
  shimIdentity: null,
  shim: null,
  adopted: false,
  restartAsked: null,
  restartBudget: null,
};

const isPatient = ({ view, spec }: RunRecord): boolean => view.state === 'queued' && spec.queue;

/** Whoever waits for the host waits in line. */
const behindOthers: Refusal = { why: 'others wait for the host already', until: 'host' };

/** @throws TypeError when the facts do not begin with the wish for the run. */
export const viewOf = (facts: readonly Fact[]): RunView => {
  const view = facts.reduce<RunView | null>(foldRun, null);
  if (view === null) throw new TypeError(`facts of a run begin with run-requested, got ${facts[0]?.kind ?? 'none'}`);
  return view;
};

/** A number that no other live run carries; the second half of containment by tag. */
const freshTag = (table: RunTable): number => {
  const taken = new Set(table.all().map((record) => record.spec.handle.tag));
  for (;;) {
    const tag = newTag();
    if (!taken.has(tag)) return tag;
  }
};
