import type { RunId } from '#protocol/ids';
import { postJson } from './api.ts';

export type BulkKind = 'stop' | 'restart';

export interface BulkTarget {
  readonly runId: RunId;
  readonly name: string;
}

/** The same wish for many runs, one after the other, so that a refusal is told of the run that it is about. */
export class BulkIntervention {
  stage = $state<'choosing' | 'asking' | 'asked'>('choosing');
  accepted = $state(0);
  refused = $state.raw<readonly { readonly name: string; readonly why: string }[]>([]);

  async ask(kind: BulkKind, targets: readonly BulkTarget[], reason: string): Promise<void> {
    this.stage = 'asking';
    for (const { runId, name } of targets) {
      const reply = await postJson(`/v1/runs/${runId}/${kind}`, { reason });
      if (reply.kind === 'ok') this.accepted += 1;
      else this.refused = [...this.refused, { name, why: reply.problem.detail }];
    }
    this.stage = 'asked';
  }
}
