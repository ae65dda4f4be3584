import type { Answer } from '#protocol/control';
import type { RunView } from '#protocol/views';
import { audited } from './audit.ts';
import { findOnlyLive, findRun } from './find-run.ts';
import { type Call, json, nothing, type Reply, type Route, refused, route } from './route.ts';
import { faultBody, processCommandBody, runCommandBody, runRef, startRunBody, stopDaemonBody } from './shapes.ts';
import type { Site } from './site.ts';
import { waitForRun } from './wait-for-change.ts';

type Verb = 'stop' | 'restart' | 'pause' | 'resume';
interface Asked {
  readonly reason: string;
  readonly graceMs: number | null;
}

const runCommand = (verb: Verb, summary: string): Route =>
  route({
    method: 'post',
    paths: [`/v1/runs/:id/${verb}`],
    door: 'key',
    summary,
    returns: '{ accepted: true, runId }',
    params: runRef,
    query: nothing,
    body: runCommandBody,
    handle: async (call, site) =>
      command(site, { verb, call, asked: call.body, found: await findRun(site, call.params.id) }),
  });

/** The paths of old: the run is named in the body, and may be left out where only one is live. */
const processCommand = (verb: Verb, name: string): Route =>
  route({
    method: 'post',
    paths: [`/v1/process/${name}`, `/process/${name}`],
    door: 'key',
    summary: `${name === 'kill' ? 'Stop' : 'Restart'} the run \`runId\`; with one live run it may be left out.`,
    returns: '{ accepted: true, runId }',
    params: nothing,
    query: nothing,
    body: processCommandBody,
    handle: async (call, site) => {
      const { runId } = call.body;
      return command(site, {
        verb,
        call,
        asked: call.body,
        found: runId === null ? findOnlyLive(site) : await findRun(site, runId),
      });
    },
  });

export const commandRoutes: readonly Route[] = [
  runCommand('stop', 'Stop a run: SIGTERM, grace, then the whole tree.'),
  runCommand('restart', 'Stop a run and start its job again.'),
  runCommand('pause', 'Freeze the whole tree of a run.'),
  runCommand('resume', 'Thaw what was paused.'),
  processCommand('stop', 'kill'),
  processCommand('restart', 'restart'),
  route({
    method: 'post',
    paths: ['/v1/runs'],
    door: 'owner',
    summary: 'Start a run. Over the unix socket only: a key may restart jobs, never define them.',
    returns: 'StartedRun',
    bodyLimitBytes: 1_048_576,
    params: nothing,
    query: nothing,
    body: startRunBody,
    handle: (call, site) =>
      audited(
        site,
        { call, action: 'run', target: call.body.name ?? 'a command', runId: null, reason: '' },
        async (by) => {
          const answer = await site.coordinator.startRun(call.body, by);
          if (answer.kind === 'done') await waitForRun(site, answer.value.runId);
          return toReply(answer, 201, (started) => started);
        },
      ),
  }),
  route({
    method: 'post',
    paths: ['/v1/daemon/stop'],
    door: 'owner',
    summary: 'End the daemon; jobs go on unless `stopJobs`.',
    returns: '{ runsLeft }',
    params: nothing,
    query: nothing,
    body: stopDaemonBody,
    handle: (call, site) =>
      audited(site, { call, action: 'daemon-stop', target: 'daemon', runId: null, reason: '' }, async (by) =>
        toReply(await site.coordinator.stopDaemon({ by, stopJobs: call.body.stopJobs }), 202, (left) => left),
      ),
  }),
  route({
    method: 'post',
    paths: ['/v1/faults'],
    door: 'owner',
    summary: 'Break a worker on purpose, for tests; refused unless FLOWFORGE_FAULTS=1.',
    returns: '{ accepted: true }',
    params: nothing,
    query: nothing,
    body: faultBody,
    handle: (call, site) =>
      audited(
        site,
        { call, action: `fault-${call.body.kind}`, target: call.body.worker, runId: null, reason: '' },
        async () => toReply(await site.coordinator.injectFault(call.body), 202, (done) => done),
      ),
  }),
];

interface Command {
  readonly verb: Verb;
  readonly call: Call<unknown, unknown, unknown>;
  readonly asked: Asked;
  readonly found: Awaited<ReturnType<typeof findRun>>;
}

const command = ({ coordinator, ...site }: Site, { verb, call, asked, found }: Command): Promise<Reply> | Reply => {
  if (found.kind === 'refused') return refused(found.refusal);
  const { view } = found;
  return audited(
    site,
    { call, action: verb, target: view.name, runId: view.runId, reason: asked.reason },
    async (by) => {
      const order = { runId: view.runId, by, reason: asked.reason, requestId: call.requestId };
      const send = {
        stop: () => coordinator.stopRun({ ...order, graceMs: asked.graceMs }),
        restart: () => coordinator.restartRun(order),
        pause: () => coordinator.pauseRun(order),
        resume: () => coordinator.resumeRun(order),
      };
      return toReply(await send[verb](), 202, (done) => ({ ...done, ...identify(view) }));
    },
  );
};

const identify = ({ runId }: RunView) => ({ runId });

const statusOf = { 'not-found': 404, conflict: 409, invalid: 400, unavailable: 503 } as const;

export const toReply = <T>(answer: Answer<T>, status: number, body: (value: T) => unknown): Reply =>
  answer.kind === 'done'
    ? json(body(answer.value), status)
    : refused({ status: statusOf[answer.code], code: answer.code, detail: answer.detail, hint: answer.hint });
