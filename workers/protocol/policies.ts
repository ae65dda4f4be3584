import type { Actor } from './actor.ts';
import type { DecisiveEvent } from './decisive-events.ts';
import type { IncidentId, RunId } from './ids.ts';
import type { Verb } from './judgement.ts';
import type { PolicyText } from './messages.ts';
import type { PolicySource } from './run-spec.ts';

/** What runs share a policy by: `shipped:NAME` or `file:PATH`. */
export const policyKeyOf = (source: PolicySource): string =>
  source.kind === 'shipped' ? `shipped:${source.name}` : `file:${source.path}`;

/** What a policy would do to one run that the policy in force does not. */
export interface PolicyEffect {
  readonly runId: RunId;
  readonly name: string;
  readonly rule: string;
  readonly verb: Verb;
  /** `soon`: once its condition has held for its dwell. */
  readonly due: 'now' | 'soon';
}

/** Coordinator to detection: what would this policy do to these runs, as they stand now? */
export interface PolicyProposal {
  readonly kind: 'policy-proposed';
  readonly proposal: string;
  readonly policy: PolicyText;
  readonly runIds: readonly RunId[];
}

/** Detection to the coordinator. */
export interface PolicyPreview {
  readonly proposal: string;
  readonly effects: readonly PolicyEffect[];
}

/** What every way to another policy says: who wants it, and whether effects on running jobs are accepted. */
export interface PolicyWish {
  readonly by: Actor;
  /** The owner of the file and when it was saved, or how it was asked for. */
  readonly who: string;
  readonly reason: string;
  /** Goes on although more running jobs would be acted on than FlowForge takes without asking. */
  readonly accept: boolean;
}

/** `runs`: those that follow this policy already, all that are live, or the ones named. */
export interface ApplyPolicy extends PolicyWish {
  readonly source:
    | { readonly kind: 'shipped'; readonly name: string }
    | { readonly kind: 'file'; readonly path: string }
    /** What the file is to say: written once nothing speaks against it, and not before. */
    | { readonly kind: 'draft'; readonly path: string; readonly text: string };
  readonly runs: 'followers' | 'all' | readonly RunId[];
}

export interface RollbackPolicy extends PolicyWish {
  readonly key: string;
  readonly hash: string;
}

export type PolicyChange =
  | {
      readonly kind: 'applied';
      readonly hash: string;
      /** 0: no live run follows it; the next one is judged by it. */
      readonly runs: number;
      readonly tests: number;
      readonly tookMs: number;
    }
  | { readonly kind: 'unchanged'; readonly hash: string; readonly runs: number }
  | { readonly kind: 'refused'; readonly problem: string; readonly keptHash: string | null }
  | {
      readonly kind: 'held';
      readonly effects: readonly PolicyEffect[];
      readonly most: number;
      readonly keptHash: string;
    };

/** A policy that live runs follow, or that was rolled back and so judges the next run; `runIds` is empty then. */
export interface ActivePolicy {
  readonly key: string;
  readonly name: string;
  readonly hash: string;
  readonly runIds: readonly RunId[];
  /** Why what lies in its files now is not in force; null when it is. */
  readonly problem: string | null;
}

/** A person's word on an incident: seen, and perhaps whether the rule was right. */
export interface Acknowledge {
  readonly incidentId: IncidentId;
  readonly verdict: 'right' | 'wrong' | null;
  readonly by: Actor;
  readonly note: string;
}

/** A rule with the values of one moment put into its conditions. */
export interface ExplainedRule {
  readonly rule: string;
  readonly when: string;
  readonly holds: boolean;
  readonly unless: string | null;
  readonly heldBack: boolean;
  readonly dwellMs: number;
  readonly numbers: string;
  readonly ladder: readonly { readonly verb: Verb; readonly afterMs: number }[];
}

/** With the hashes of what repeated or failed at that tick, where the rule reads signals that may have gone by it. */
export interface ExplainedTickRule extends ExplainedRule {
  readonly decisive: readonly DecisiveEvent[];
}
