import type { BacktestReport } from '#protocol/backtest';
import type { Problem } from '#protocol/gateway-api';
import type { PolicyText } from '#protocol/messages';
import type { PolicyChange } from '#protocol/policies';
import type { PolicyView, SavePolicyBody } from '#protocol/policy-views';
import { postJson } from './api.ts';

export type ChangeStage =
  | { readonly kind: 'choosing' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'unreachable'; readonly problem: Problem }
  | { readonly kind: 'answered'; readonly change: PolicyChange };

type Wish =
  | { readonly kind: 'save'; readonly body: Omit<SavePolicyBody, 'reason' | 'accept'> }
  | { readonly kind: 'rollback'; readonly key: string; readonly hash: string };

/** One change of a policy, from the question to what came of it. */
export class PolicyChangeWish {
  stage = $state.raw<ChangeStage>({ kind: 'choosing' });

  async ask(wish: Wish, given: { readonly reason: string; readonly accept: boolean }): Promise<void> {
    this.stage = { kind: 'asking' };
    const reply =
      wish.kind === 'save'
        ? await postJson<PolicyChange>('/v1/policies/save', { ...wish.body, ...given })
        : await postJson<PolicyChange>('/v1/policies/rollback', { key: wish.key, hash: wish.hash, ...given });
    this.stage =
      reply.kind === 'ok' ? { kind: 'answered', change: reply.value } : { kind: 'unreachable', problem: reply.problem };
  }
}

/** What a text was held against: the policy as it judges, as it is written, or what was really decided then. */
export type Against = 'in force' | 'as it is' | 'what happened';

export type BacktestStage =
  | { readonly kind: 'none' }
  | { readonly kind: 'running' }
  | { readonly kind: 'unreachable'; readonly problem: Problem }
  | { readonly kind: 'done'; readonly report: BacktestReport; readonly against: Against };

const weekMs = 7 * 86_400_000;

/** What a text would have done to the recorded runs of the last week, beside what its policy says now. */
export class Backtest {
  stage = $state.raw<BacktestStage>({ kind: 'none' });

  async run(candidate: PolicyText, { hash, runs }: Pick<PolicyView, 'hash' | 'runs'>): Promise<void> {
    this.stage = { kind: 'running' };
    const body = { candidate, against: hash, sinceMs: Date.now() - weekMs };
    let against: Against = runs.length > 0 ? 'in force' : 'as it is';
    let reply = await postJson<BacktestReport>('/v1/policies/backtest', body);
    // A text that never judged a run here is not kept: then the candidate is held against what really happened.
    if (reply.kind === 'problem' && reply.problem.status === 404) {
      against = 'what happened';
      reply = await postJson<BacktestReport>('/v1/policies/backtest', { ...body, against: null });
    }
    this.stage =
      reply.kind === 'ok'
        ? { kind: 'done', report: reply.value, against }
        : { kind: 'unreachable', problem: reply.problem };
  }
}
