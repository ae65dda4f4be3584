import type { FactKind } from '#protocol/facts';
import type { StatusShape, Tone } from '#protocol/run-status';
import type { TimelineEntry } from '#protocol/views';

interface FactFace {
  readonly shape: StatusShape;
  readonly tone: Tone;
}

const plain: FactFace = { shape: 'dashed', tone: 'muted' };
const faces: { readonly [Kind in FactKind]?: FactFace } = {
  'run-started': { shape: 'dot', tone: 'good' },
  'run-start-failed': { shape: 'cross', tone: 'bad' },
  'run-exited': { shape: 'tick', tone: 'muted' },
  'run-lost': { shape: 'question', tone: 'bad' },
  'pause-incomplete': { shape: 'bars', tone: 'bad' },
  'run-paused': { shape: 'bars', tone: 'calm' },
  'run-resumed': { shape: 'dot', tone: 'good' },
  'run-restarted': { shape: 'cycle', tone: 'accent' },
  'restart-scheduled': { shape: 'cycle', tone: 'accent' },
  'restart-cancelled': { shape: 'barred', tone: 'accent' },
  'job-quarantined': { shape: 'barred', tone: 'bad' },
  'rule-pending': { shape: 'triangle', tone: 'risk' },
  'rule-cleared': { shape: 'tick', tone: 'good' },
  'incident-opened': { shape: 'triangle', tone: 'bad' },
  'decision-made': { shape: 'half', tone: 'accent' },
  'action-averted': { shape: 'tick', tone: 'good' },
  'restart-refused': { shape: 'cross', tone: 'bad' },
  'incident-closed': { shape: 'tick', tone: 'muted' },
  'stop-began': { shape: 'square', tone: 'risk' },
  'stop-signalled': { shape: 'square-open', tone: 'risk' },
  'stop-verified': { shape: 'square', tone: 'bad' },
  'kill-incomplete': { shape: 'cross', tone: 'bad' },
  'stop-refused': { shape: 'cross', tone: 'bad' },
  'daemon-stalled': { shape: 'cross', tone: 'risk' },
  'worker-given-up': { shape: 'cross', tone: 'bad' },
  'ledger-trouble': { shape: 'cross', tone: 'bad' },
  'log-uncapped': { shape: 'cross', tone: 'bad' },
  'policy-refused': { shape: 'cross', tone: 'bad' },
  'shadow-overdue': { shape: 'half', tone: 'calm' },
  'policy-held': { shape: 'bars', tone: 'risk' },
  'policy-applied': { shape: 'cycle', tone: 'accent' },
  'incident-acknowledged': { shape: 'tick', tone: 'calm' },
  'run-nudged': { shape: 'triangle', tone: 'accent' },
  'run-throttled': { shape: 'bars', tone: 'calm' },
  'budget-extended': { shape: 'half', tone: 'accent' },
  'fleet-budget-extended': { shape: 'half', tone: 'accent' },
};

export const faceOfFact = ({ fact }: TimelineEntry): FactFace => {
  if (fact.kind === 'run-exited' && fact.code !== 0) return { shape: 'cross', tone: 'bad' };
  return faces[fact.kind] ?? plain;
};
