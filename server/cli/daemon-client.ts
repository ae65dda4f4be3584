import { request } from 'node:http';
import type { BacktestProgress, BacktestReport, ReplayReport } from '#protocol/backtest';
import type { DaemonStatus, ExtendedBudget, StartedRun } from '#protocol/control';
import type { BudgetView, LogPage, Page, Problem, ProcessCommand, RunDetail, VerifyReply } from '#protocol/gateway-api';
import type { RunId } from '#protocol/ids';
import type { PolicyText } from '#protocol/messages';
import type { ActivePolicy, ApplyPolicy, ExplainedTickRule, PolicyChange, RollbackPolicy } from '#protocol/policies';
import type { PoliciesReply, RuleEvidence, SuggestReply } from '#protocol/policy-views';
import type { RunRequest } from '#protocol/run-spec';
import type { IncidentView, RunRow, TimelineEntry } from '#protocol/views';
import { CliProblem } from './problem.ts';

export type RunVerb = 'stop' | 'restart' | 'pause' | 'resume';

/** What the command line asks of the daemon, over its socket. */
export interface DaemonClient {
  status(): Promise<DaemonStatus>;
  runs(query: { readonly cursor?: string | null; readonly state?: 'live' }): Promise<Page<RunRow>>;
  /** By id, unique prefix or name. */
  run(ref: string): Promise<RunDetail>;
  startRun(body: RunRequest): Promise<StartedRun>;
  /** Answers when the run has changed since `sinceSeq`, or after some seconds as it is. */
  wait(runId: RunId, sinceSeq: number): Promise<RunDetail>;
  command(runId: RunId, verb: RunVerb, body: Omit<ProcessCommand, 'runId'>): Promise<unknown>;
  incidents(query: { readonly cursor?: string | null }): Promise<Page<IncidentView>>;
  timeline(query: { readonly runId?: RunId; readonly cursor?: string | null }): Promise<Page<TimelineEntry>>;
  log(
    runId: RunId,
    query: {
      readonly stdout?: number | undefined;
      readonly stderr?: number | undefined;
      readonly tail?: number | undefined;
      readonly limit?: number;
      readonly stream?: 'stdout' | 'stderr' | undefined;
      /** Epoch ms. */
      readonly since?: number | undefined;
    },
  ): Promise<LogPage>;
  ack(
    incidentId: string,
    body: { readonly verdict: 'right' | 'wrong' | null; readonly note: string },
  ): Promise<unknown>;
  nudge(runId: RunId, message: string): Promise<unknown>;
  budgets(runId: RunId): Promise<readonly BudgetView[]>;
  fleetBudgets(): Promise<readonly BudgetView[]>;
  /** Without a run: of the fleet. */
  extendBudget(
    runId: RunId | null,
    body: {
      readonly budget: string | null;
      readonly usd: number | null;
      readonly tokens: number | null;
      readonly reason: string;
    },
  ): Promise<ExtendedBudget>;
  applyPolicy(wish: Asked<ApplyPolicy>): Promise<PolicyChange>;
  rollbackPolicy(wish: Asked<RollbackPolicy>): Promise<PolicyChange>;
  policyHistory(): Promise<Page<TimelineEntry>>;
  activePolicies(): Promise<readonly ActivePolicy[]>;
  replay(runId: RunId, policy: PolicyText | null): Promise<ReplayReport>;
  backtest(ask: {
    readonly candidate: PolicyText;
    /** null: what really happened. */
    readonly against: PolicyText | null;
    readonly sinceMs: number;
    /** Under which its progress can be asked for. */
    readonly id: string;
  }): Promise<BacktestReport>;
  backtestProgress(id: string): Promise<BacktestProgress>;
  suggest(ask: { readonly runs: readonly RunId[]; readonly sinceMs: number }): Promise<SuggestReply>;
  /** At its last tick, or at the last one up to then. */
  explain(
    runId: RunId,
    atMs: number | null,
  ): Promise<{ readonly atMs: number; readonly rules: readonly ExplainedTickRule[] }>;
  policies(): Promise<PoliciesReply>;
  policyEvidence(): Promise<readonly RuleEvidence[]>;
  /** The path opens the dashboard once. */
  ticket(): Promise<{ readonly path: string }>;
  verify(): Promise<VerifyReply>;
  backup(file: string): Promise<{ readonly file: string }>;
  stopDaemon(body: { readonly stopJobs: boolean }): Promise<{ readonly runsLeft: number }>;
}

/** The gateway says who asked. */
type Asked<Wish> = Omit<Wish, 'by' | 'who'>;

/** Nobody answers on the socket: the daemon is not there, or not there yet. */
export class DaemonAway extends Error {
  override readonly name = 'DaemonAway';
}

export const connectDaemon = (socketPath: string): DaemonClient => {
  const get = (path: string, query: Query = {}): Promise<unknown> =>
    ask(socketPath, { method: 'GET', path: withQuery(path, query) });
  const post = (path: string, body: unknown): Promise<unknown> => ask(socketPath, { method: 'POST', path, body });
  return {
    status: async () => (await get('/v1/status')) as DaemonStatus,
    runs: async (query) => (await get('/v1/runs', { ...query, limit: 500 })) as Page<RunRow>,
    run: async (ref) => (await get(`/v1/runs/${encodeURIComponent(ref)}`)) as RunDetail,
    startRun: async (body) => (await post('/v1/runs', body)) as StartedRun,
    wait: async (runId, since) => (await get(`/v1/runs/${runId}/wait`, { since })) as RunDetail,
    command: (runId, verb, body) => post(`/v1/runs/${runId}/${verb}`, body),
    incidents: async (query) => (await get('/v1/incidents', query)) as Page<IncidentView>,
    timeline: async ({ runId, cursor }) =>
      (await get(runId === undefined ? '/v1/timeline' : `/v1/runs/${runId}/timeline`, {
        cursor,
        limit: 500,
      })) as Page<TimelineEntry>,
    log: async (runId, query) => (await get(`/v1/runs/${runId}/log`, query)) as LogPage,
    ack: (incidentId, body) => post(`/v1/incidents/${encodeURIComponent(incidentId)}/ack`, body),
    nudge: (runId, message) => post(`/v1/runs/${runId}/nudge`, { message }),
    budgets: async (runId) => (await get(`/v1/runs/${runId}/budgets`)) as readonly BudgetView[],
    fleetBudgets: async () => (await get('/v1/budgets')) as readonly BudgetView[],
    extendBudget: async (runId, body) =>
      (await post(runId === null ? '/v1/budgets/extend' : `/v1/runs/${runId}/budgets/extend`, body)) as ExtendedBudget,
    applyPolicy: async (wish) => (await post('/v1/policies/apply', wish)) as PolicyChange,
    rollbackPolicy: async (wish) => (await post('/v1/policies/rollback', wish)) as PolicyChange,
    policyHistory: async () => (await get('/v1/policies/history', { limit: 500 })) as Page<TimelineEntry>,
    activePolicies: async () => (await get('/v1/policies/active')) as readonly ActivePolicy[],
    replay: async (runId, policy) => (await post(`/v1/runs/${runId}/replay`, { policy })) as ReplayReport,
    backtest: async (asked) => (await post('/v1/policies/backtest', asked)) as BacktestReport,
    explain: async (runId, atMs) =>
      (await get(`/v1/runs/${runId}/explain`, atMs === null ? {} : { at_ms: atMs })) as {
        atMs: number;
        rules: readonly ExplainedTickRule[];
      },
    backtestProgress: async (id) => (await get(`/v1/policies/backtest/${id}`)) as BacktestProgress,
    suggest: async (ask) => (await post('/v1/policies/suggest', ask)) as SuggestReply,
    policyEvidence: async () => (await get('/v1/policies/evidence')) as readonly RuleEvidence[],
    policies: async () => (await get('/v1/policies')) as PoliciesReply,
    ticket: async () => (await post('/v1/tickets', {})) as { path: string },
    verify: async () => (await get('/v1/verify')) as VerifyReply,
    backup: async (file) => (await post('/v1/backup', { file })) as { file: string },
    stopDaemon: async (body) => (await post('/v1/daemon/stop', body)) as { runsLeft: number },
  };
};

type Query = Readonly<Record<string, string | number | null | undefined>>;
const answerWithinMs = 60_000;

const withQuery = (path: string, query: Query): string => {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  return given.length === 0
    ? path
    : `${path}?${given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`;
};

const ask = (socketPath: string, call: { method: string; path: string; body?: unknown }): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const away = (cause: Error): void =>
      reject(new DaemonAway(`no answer on ${socketPath}: ${cause.message}`, { cause }));
    const headers = { host: 'localhost', 'content-type': 'application/json' };
    const asked = request(
      { socketPath, method: call.method, path: call.path, headers, timeout: answerWithinMs },
      (reply) => {
        const chunks: Buffer[] = [];
        reply.on('data', (chunk: Buffer) => chunks.push(chunk));
        reply.on('error', away);
        reply.on('end', () => {
          const answer = parseJson(Buffer.concat(chunks).toString());
          if ((reply.statusCode ?? 500) < 400) resolve(answer);
          else reject(toProblem(answer, reply.statusCode ?? 500));
        });
      },
    );
    asked.on('timeout', () => asked.destroy(new Error(`silent for ${answerWithinMs / 1000} s`)));
    asked.on('error', away);
    asked.end(call.body === undefined ? undefined : JSON.stringify(call.body));
  });

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text; // not ours: told as it is in the problem
  }
};

const toProblem = (answer: unknown, status: number): CliProblem => {
  const { detail, hint } = (typeof answer === 'object' && answer !== null ? answer : {}) as Partial<Problem>;
  return new CliProblem(detail ?? `the daemon answered ${status}`, { hint: hint ?? '' });
};
