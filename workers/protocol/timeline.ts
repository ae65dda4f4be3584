import { assertNever } from './assert-never.ts';
import { type Fact, incidentOf, runOf } from './facts.ts';
import { nameSurvivors } from './name-survivors.ts';
import type { SignalVector } from './signals.ts';
import { signals } from './signals.ts';
import { extraIn, sayExtra } from './spending.ts';
import type { TimelineEntry } from './views.ts';

/** One fact as one line of a timeline. Told the same way in the terminal, the API and the dashboard. */
export const toTimelineEntry = (fact: Fact): TimelineEntry => ({
  seq: fact.seq,
  atMs: fact.atMs,
  kind: fact.kind,
  runId: runOf(fact),
  incidentId: incidentOf(fact),
  weight: weightOf(fact),
  text: sentenceOf(fact),
  fact,
});

const background: ReadonlySet<Fact['kind']> = new Set([
  'tree-empty',
  'log-archived',
  'run-settled',
  'rule-pending',
  'rule-cleared',
  'stop-signalled',
  'pause-began',
  'resume-began',
  'worker-started',
  'daemon-started',
  'daemon-stopped',
  'audit-recorded',
]);
const headline: ReadonlySet<Fact['kind']> = new Set([
  'incident-opened',
  'decision-made',
  'stop-verified',
  'kill-incomplete',
  'pause-incomplete',
  'restart-refused',
  'run-lost',
  'job-quarantined',
  'worker-given-up',
  'ledger-trouble',
  'log-uncapped',
  'run-start-failed',
  'policy-refused',
  'policy-held',
]);

const weightOf = (fact: Fact): 0 | 1 | 2 => (headline.has(fact.kind) ? 2 : background.has(fact.kind) ? 0 : 1);

const sentenceOf = (fact: Fact): string => {
  switch (fact.kind) {
    case 'run-requested':
      return `${fact.face.name}: start asked by ${fact.by}${fact.generation > 1 ? `, generation ${fact.generation}` : ''}`;
    case 'run-queued':
      return `waiting: ${fact.why}`;
    case 'run-dequeued':
      return `taken out of the queue: ${fact.why}`;
    case 'run-started':
      return `started as process ${fact.pid}`;
    case 'run-start-failed':
      return `could not be started: ${fact.reason}`;
    case 'run-adopted':
      return `found after a restart of FlowForge: ${fact.outcome} (${fact.detail})`;
    case 'run-exited':
      return fact.signal === null ? `ended with code ${fact.code}` : `ended by ${fact.signal}`;
    case 'run-lost':
      return `lost: ${fact.why}`;
    case 'tree-empty':
      return 'nothing of its tree is left';
    case 'orphans-spared':
      return `${count(fact.processes, 'process', 'processes')} of its tree left running, as asked`;
    case 'run-settled':
      return fact.next === 'none' ? 'settled' : `settled, ${fact.next} follows`;
    case 'pause-began':
      return `pause began (by ${fact.by}): ${fact.reason}`;
    case 'pause-incomplete':
      return `NOT paused: ${nameSurvivors(fact.moving)} still running; the others stand, it is tried on`;
    case 'run-paused':
      return `paused, ${count(fact.processes, 'process', 'processes')} frozen: ${fact.reason}`;
    case 'resume-began':
      return `resume began (by ${fact.by}): ${fact.reason}`;
    case 'run-resumed':
      return `resumed: ${fact.reason}`;
    case 'output-gap':
      return `${fact.stream} bytes ${fact.fromByte}-${fact.toByte}: ${fact.why}`;
    case 'log-uncapped':
      return `${fact.stream} takes ${fact.bytes} bytes of the disk and grows past its cap of ${fact.capBytes}: what was read cannot be given back (${fact.why}). Keep the home on a file system with holes (ext4, xfs, btrfs, tmpfs), with util-linux installed; or stop the run before the disk is full`;
    case 'log-archived':
      return `output archived: ${count(fact.lines, 'line', 'lines')}, ${fact.bytes} bytes in ${fact.archivedBytes}`;
    case 'log-dropped':
      return `output dropped: ${fact.why}`;
    case 'restart-scheduled':
      return `restart ${fact.attempt} in ${seconds(fact.delayMs)}: ${fact.reason}`;
    case 'restart-cancelled':
      return `no restart, by ${fact.by}${because(fact.reason)}`;
    case 'run-restarted':
      return `followed by run ${fact.nextRunId}`;
    case 'job-quarantined':
      return `quarantined after ${count(fact.restarts, 'restart', 'restarts')} in ${seconds(fact.windowMs)}: ${fact.reason}`;
    case 'stop-began':
      return `stop began (${fact.cause}, by ${fact.by}): ${fact.reason}`;
    case 'containment-fell-back':
      return `containment fell back to ${fact.to}: ${fact.why}`;
    case 'stop-resumed':
      return 'stop taken up again after a restart of FlowForge';
    case 'stop-signalled':
      return `${fact.signal} to ${count(fact.processes, 'process', 'processes')}`;
    case 'stop-verified':
      return `killed: verified empty after ${seconds(fact.tookMs)}, ${count(fact.killed, 'process', 'processes')} ended`;
    case 'kill-incomplete':
      return `NOT killed: ${nameSurvivors(fact.survivors)} still alive`;
    case 'stop-refused':
      return `stop refused: ${fact.why}`;
    case 'rule-pending':
      return `${fact.rule} is pending (fires after ${seconds(fact.dwellMs)}): ${fact.summary}`;
    case 'rule-cleared':
      return `${fact.rule} cleared after ${seconds(fact.afterMs)}: ${fact.why}`;
    case 'incident-opened':
      return `${fact.rule}: ${fact.summary}`;
    case 'decision-made':
      return decisionSentence(fact);
    case 'action-averted':
      return `${fact.wouldDo} averted: ${fact.why}`;
    case 'restart-refused':
      return `NOT restarted: its command could not be started again (${fact.why}); it goes on`;
    case 'incident-closed':
      return `incident closed, ${fact.outcome}: ${fact.summary}`;
    case 'daemon-started':
      return fact.after === 'crash' ? 'FlowForge guards again after a crash' : 'FlowForge started';
    case 'daemon-stopped':
      return `FlowForge stopped, asked by ${fact.by}; ${count(fact.runsLeft, 'run', 'runs')} left running`;
    case 'daemon-stalled':
      return `FlowForge stood still for ${seconds(fact.stalledMs)}: nothing was begun or ended meanwhile`;
    case 'worker-started':
      return `${fact.worker} is up (generation ${fact.generation}, ${fact.tookMs} ms)`;
    case 'worker-died':
      return `${fact.worker} died (generation ${fact.generation}): ${fact.why}`;
    case 'worker-given-up':
      return `UNGUARDED: ${fact.worker} died ${fact.deaths} times in ${seconds(fact.windowMs)} and was given up`;
    case 'record-shortened':
      return `${count(fact.facts, 'fact', 'facts')} up to ${fact.upToSeq} let go of, as old as they were; the chain begins at ${fact.hash.slice(0, 8)}`;
    case 'ledger-trouble':
      return `ledger: ${fact.why}`;
    case 'policy-refused':
      return `policy refused, ${fact.keptHash?.slice(0, 8) ?? 'the last good one'} stays: ${fact.problem}`;
    case 'policy-applied':
      return `policy ${fact.name} ${fact.previousHash.slice(0, 8)} → ${fact.hash.slice(0, 8)} for ${fact.runs.length === 0 ? 'the next run' : count(fact.runs.length, 'run', 'runs')}${because(fact.reason)}`;
    case 'shadow-overdue':
      return fact.note;
    case 'policy-held':
      return `policy held: it would act on ${count(new Set(fact.effects.map((effect) => effect.runId)).size, 'running job', 'running jobs')}, more than ${fact.most}`;
    case 'incident-acknowledged':
      return `acknowledged by ${fact.by}${fact.verdict === null ? '' : `: the rule was ${fact.verdict}`}${because(fact.note)}`;
    case 'run-nudged':
      return `nudged by ${fact.by} (${fact.via}): ${fact.message}`;
    case 'run-throttled':
      return `throttled by ${fact.how}: ${fact.reason}`;
    case 'fleet-budget-extended':
      return `budget ${fact.budget} of the fleet extended by ${sayExtra(extraIn(fact))} in all until ${new Date(fact.untilMs).toISOString()}${because(fact.reason)}`;
    case 'budget-extended':
      return `budget ${fact.budget} extended by ${sayExtra(extraIn(fact))} in all${because(fact.reason)}`;
    case 'audit-recorded':
      return `${fact.actor} ${fact.action} ${fact.target}: ${fact.outcome}${fact.reason === '' ? '' : ` (${fact.reason})`}`;
    default:
      return assertNever(fact);
  }
};

const decisionSentence = (fact: Extract<Fact, { kind: 'decision-made' }>): string => {
  const numbers = describeNumbers(fact.numbers);
  const because = numbers === '' ? fact.reason : `${fact.reason} (${numbers})`;
  return fact.enforced || fact.wouldDo === fact.does
    ? `${fact.does}: ${because}`
    : `${fact.mode}: would ${fact.wouldDo}, does nothing: ${because}`;
};

/** `cpu.pct 99.8 %, output.cycles 812`: the numbers that decided, with their units. */
export const describeNumbers = (numbers: SignalVector): string =>
  Object.entries(numbers)
    .map(([name, value]) => `${name} ${typeof value === 'number' ? formatNumber(value) : value}${unitSuffix(name)}`)
    .join(', ');

const unitSuffix = (name: string): string => {
  const unit = signals[name as keyof typeof signals]?.unit;
  if (unit === 'pct') return ' %';
  if (unit === 's') return ' s';
  if (unit === 'bytes') return ' bytes';
  if (unit === 'bytes/s') return ' bytes/s';
  return '';
};

const formatNumber = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(1));
const because = (reason: string): string => (reason === '' ? '' : ` (${reason})`);
const seconds = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;
