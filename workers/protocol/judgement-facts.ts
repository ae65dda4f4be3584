import type { IncidentId, RunId } from './ids.ts';
import type { ClimbedLadder, Evidence, RolloutMode, Severity, Verb } from './judgement.ts';
import type { SignalVector } from './signals.ts';

/** What the rules thought and what was done about it. */
export type JudgementFact =
  | {
      readonly kind: 'rule-pending';
      readonly runId: RunId;
      readonly rule: string;
      readonly policyHash: string;
      readonly summary: string;
      readonly dwellMs: number;
    }
  | {
      readonly kind: 'rule-cleared';
      readonly runId: RunId;
      readonly rule: string;
      readonly afterMs: number;
      readonly why: string;
    }
  | {
      readonly kind: 'incident-opened';
      readonly incidentId: IncidentId;
      readonly runId: RunId;
      readonly name: string;
      readonly rule: string;
      readonly policyHash: string;
      readonly severity: Severity;
      readonly summary: string;
      readonly evidence: readonly Evidence[];
      readonly numbers: SignalVector;
    }
  | {
      readonly kind: 'decision-made';
      readonly incidentId: IncidentId;
      readonly runId: RunId;
      readonly rule: string;
      readonly policyHash: string;
      /** Which step of the rule's ladder, from 0. */
      readonly step: number;
      /** What the policy asks for. */
      readonly wouldDo: Verb;
      /** What is really done: the same, or `continue` where rollout or --no-kill holds it back. */
      readonly does: Verb;
      readonly enforced: boolean;
      readonly mode: RolloutMode;
      /** 0-9999; below percent x 100 is inside the canary. */
      readonly bucket: number;
      readonly reason: string;
      readonly numbers: SignalVector;
      /** Up to this step. Earlier versions did not say: their ladders go on where they were, whatever the policy. */
      readonly climbed?: ClimbedLadder;
    }
  | {
      readonly kind: 'action-averted';
      readonly incidentId: IncidentId;
      readonly runId: RunId;
      readonly rule: string;
      readonly step: number;
      readonly wouldDo: Verb;
      readonly why: string;
    }
  /** The job could not be started again: it was not stopped, and goes on. The next step of the ladder is due in its time. */
  | {
      readonly kind: 'restart-refused';
      readonly incidentId: IncidentId;
      readonly runId: RunId;
      readonly rule: string;
      readonly step: number;
      readonly why: string;
    }
  | {
      readonly kind: 'incident-closed';
      readonly incidentId: IncidentId;
      readonly runId: RunId;
      readonly outcome:
        | 'stopped'
        | 'restarted'
        | 'paused'
        | 'resolved'
        | 'run-ended'
        | 'kill-incomplete'
        | 'quarantined';
      readonly summary: string;
    };
