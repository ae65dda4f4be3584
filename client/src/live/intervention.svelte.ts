import type { Fact } from '#protocol/facts';
import type { Problem } from '#protocol/gateway-api';
import type { RunId } from '#protocol/ids';
import { toTimelineEntry } from '#protocol/timeline';
import { postJson } from './api.ts';
import { clock } from './clock.svelte.ts';
import { fleet } from './fleet.svelte.ts';

export const interventionKinds = ['stop', 'restart', 'pause', 'resume'] as const;
export type InterventionKind = (typeof interventionKinds)[number];

/** What came of it: nothing is told as done before the fact that says so has arrived. */
export type InterventionStage =
  | { readonly kind: 'choosing' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'refused'; readonly problem: Problem }
  | { readonly kind: 'following'; readonly sinceMs: number }
  | { readonly kind: 'done'; readonly nextRunId: RunId | null }
  | { readonly kind: 'failed' };

export interface InterventionStep {
  readonly seq: number;
  readonly atMs: number;
  readonly text: string;
}

const silentAfterMs = 15_000;

/** One wish of a person about one run, from the question to what came of it. */
export class Intervention {
  stage = $state.raw<InterventionStage>({ kind: 'choosing' });
  steps = $state.raw<readonly InterventionStep[]>([]);
  /** Accepted, but nothing was heard for a while. */
  readonly isSilent: boolean = $derived(
    this.stage.kind === 'following' && clock.nowMs - (this.steps.at(-1)?.atMs ?? this.stage.sinceMs) > silentAfterMs,
  );

  readonly runId: RunId;
  readonly kind: InterventionKind;

  constructor(runId: RunId, kind: InterventionKind) {
    this.runId = runId;
    this.kind = kind;
  }

  /** Facts may be here before the answer to the request is. */
  open(): () => void {
    return fleet.listen({ facts: (facts) => this.#take(facts) });
  }

  async ask(reason: string): Promise<void> {
    this.steps = [];
    this.stage = { kind: 'asking' };
    const reply = await postJson(`/v1/runs/${this.runId}/${this.kind}`, { reason });
    if (reply.kind === 'problem') this.stage = { kind: 'refused', problem: reply.problem };
    else if (this.stage.kind === 'asking') this.stage = { kind: 'following', sinceMs: Date.now() };
  }

  #take(facts: readonly Fact[]): void {
    for (const fact of facts) {
      const isOpen = this.stage.kind === 'asking' || this.stage.kind === 'following';
      if (!isOpen || !('runId' in fact) || fact.runId !== this.runId || !tells(fact)) continue;
      this.steps = [...this.steps, { seq: fact.seq, atMs: fact.atMs, text: toTimelineEntry(fact).text }];
      this.stage = endOf(this.kind, fact) ?? this.stage;
    }
  }
}

const telling: ReadonlySet<Fact['kind']> = new Set<Fact['kind']>([
  'stop-began',
  'stop-signalled',
  'stop-verified',
  'kill-incomplete',
  'stop-refused',
  'run-dequeued',
  'run-exited',
  'run-lost',
  'pause-incomplete',
  'run-paused',
  'run-resumed',
  'restart-scheduled',
  'restart-cancelled',
  'run-restarted',
  'job-quarantined',
]);
const tells = (fact: Fact): boolean => telling.has(fact.kind);

const endOf = (kind: InterventionKind, fact: Fact): InterventionStage | null => {
  const done: InterventionStage = { kind: 'done', nextRunId: null };
  switch (fact.kind) {
    case 'stop-verified':
      return kind === 'stop' ? done : null;
    case 'run-dequeued':
    case 'restart-cancelled':
      return done;
    case 'run-paused':
      return kind === 'pause' ? done : null;
    case 'run-resumed':
      return kind === 'resume' ? done : null;
    case 'run-restarted':
      return kind === 'restart' ? { kind: 'done', nextRunId: fact.nextRunId } : null;
    case 'kill-incomplete':
    case 'stop-refused':
    case 'run-lost':
    case 'job-quarantined':
      return { kind: 'failed' };
    default:
      return null;
  }
};
