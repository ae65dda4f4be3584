import { type Fact, incidentOf } from './facts.ts';
import type { IncidentView } from './views.ts';

/** Folds one fact into the incident it belongs to. */
export const foldIncident = (view: IncidentView | null, fact: Fact): IncidentView | null => {
  const incidentId = incidentOf(fact);
  if (incidentId === null || (view !== null && view.incidentId !== incidentId)) return view;
  switch (fact.kind) {
    case 'incident-opened':
      return {
        incidentId: fact.incidentId,
        runId: fact.runId,
        name: fact.name,
        rule: fact.rule,
        severity: fact.severity,
        state: 'open',
        action: 'continue',
        enforced: false,
        openedAtMs: fact.atMs,
        closedAtMs: null,
        outcome: null,
        summary: fact.summary,
        evidence: fact.evidence,
        policyHash: fact.policyHash,
      };
    case 'decision-made':
      return view && { ...view, action: fact.enforced ? fact.does : fact.wouldDo, enforced: fact.enforced };
    case 'incident-closed':
      return view && { ...view, state: 'closed', closedAtMs: fact.atMs, outcome: fact.outcome };
    default:
      return view;
  }
};
