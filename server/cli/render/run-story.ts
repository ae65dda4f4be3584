import { isStoppedByRule } from '#cli/exit-code';
import type { Fact } from '#protocol/facts';
import { formatCommand } from '#protocol/format-command';
import { isOver } from '#protocol/run-state';
import type { SignalVector } from '#protocol/signals';
import { describeNumbers } from '#protocol/timeline';
import type { IncidentView, RunRow, RunView, TimelineEntry } from '#protocol/views';
import { escapeControls } from './escape.ts';
import { formatBytes, formatSpan, formatTime } from './quantity.ts';

/** All that is known of a run and why it went as it did. */
export interface RunStory {
  readonly run: RunView;
  readonly row: RunRow;
  /** Newest first. */
  readonly incidents: readonly IncidentView[];
  /** Oldest first. */
  readonly timeline: readonly TimelineEntry[];
  /** `http://127.0.0.1:8080`; null while nothing listens. */
  readonly dashboard: string | null;
}

type Decision = Extract<Fact, { kind: 'decision-made' }>;

/** `flowforge why`. */
export const renderWhy = (story: RunStory): string => {
  const incident = decisiveIncident(story);
  const sections: readonly [string, readonly string[]][] = [
    ['What', [whatHappened(story)]],
    ['Why', whyLines(story)],
    ['When', incident === null ? [] : stepLines(story, incident)],
    ['Next', nextSteps(story)],
    ['Where', whereLines(story)],
  ];
  const { run } = story;
  const head = `${run.name} · run ${run.runId} · ${formatCommand(run.command)}`;
  const body = sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => lines.map((line, index) => `  ${(index === 0 ? title : '').padEnd(7)}${line}`).join('\n'));
  return `${[head, ...body].map((block) => block.split('\n').map(escapeControls).join('\n')).join('\n')}\n`;
};

/** The four lines on stderr when a run was stopped: what, why with the numbers, how to go on, where to look. */
export const renderStop = (story: RunStory): readonly string[] => {
  const { run } = story;
  const why = shortWhy(story).join('; ') || (run.stopReason ?? 'no reason was recorded');
  const look = [`flowforge why ${run.runId}`, ...whereLines(story)].join(' · ');
  return [
    `flowforge: ${whatHappened(story)}`,
    `  why: ${why}`,
    `  go on: ${nextSteps(story).join(' · ')}`,
    `  look: ${look}`,
  ].map(escapeControls);
};

/** The incident that ended the run, else its newest. */
const decisiveIncident = ({ incidents, timeline }: RunStory): IncidentView | null => {
  const decisive = timeline.findLast(({ fact }) => fact.kind === 'stop-began' && fact.incidentId !== null)?.incidentId;
  return incidents.find(({ incidentId }) => incidentId === decisive) ?? incidents[0] ?? null;
};

const whatHappened = (story: RunStory): string => {
  const { run } = story;
  const after =
    run.startedAtMs === null
      ? ''
      : ` after ${formatSpan((run.endedAtMs ?? story.timeline.at(-1)?.atMs ?? run.startedAtMs) - run.startedAtMs)}`;
  const emptied =
    run.survivors > 0 ? `, ${run.survivors} processes survived` : run.verifiedEmpty ? ', verified empty' : '';
  if (run.state === 'failed')
    return `${run.name} could not be started (${run.exitCode ?? '?'}): ${run.trouble ?? 'no reason was recorded'}`;
  if (run.state === 'lost') return `${run.name} was lost${after}: ${run.trouble ?? 'its end is unknown'}`;
  if (run.state === 'quarantined') return `${run.name} is quarantined: ${run.trouble ?? 'its restarts are used up'}`;
  if (isStoppedByRule(run)) return `${run.name} was stopped by FlowForge (${run.stopCause})${after}${emptied}`;
  if (run.stopCause === 'user') return `${run.name} was stopped by its user${after}${emptied}`;
  if (run.stopCause === 'shutdown') return `${run.name} was stopped with FlowForge itself${after}${emptied}`;
  if (run.state === 'exited')
    return `${run.name} ended by itself${after}: ${run.signal === null ? `code ${run.exitCode ?? '?'}` : `by ${run.signal}`}`;
  return isOver(run.state) ? `${run.name} is ${run.state}${after}` : `${run.name} is ${run.state}`;
};

const whyLines = (story: RunStory): readonly string[] => {
  const incident = decisiveIncident(story);
  if (incident === null) return story.run.stopReason === null ? quietReason(story) : [story.run.stopReason];
  const decision = decisionsOf(story, incident).at(-1);
  const facts = evidenceLines(incident);
  const lines = [`rule ${incident.rule} (${incident.severity}): ${incident.summary}`, ...facts];
  return decision === undefined ? lines : [...lines, ...numberLines(decision.numbers)];
};

/** What repeated, leaked or grew; each finding with one sample, and a sample shown once. */
const evidenceLines = ({ evidence }: IncidentView): readonly string[] => {
  const shown = new Set<string>();
  return evidence.flatMap(({ summary, samples }) => {
    const fresh = samples.slice(0, 1).filter((sample) => !shown.has(sample));
    for (const sample of fresh) shown.add(sample);
    return [summary, ...fresh.map((sample) => `  “${sample}”`)];
  });
};

/** One line of it: the rule, what repeated, and the numbers that decided. */
const shortWhy = (story: RunStory): readonly string[] => {
  const incident = decisiveIncident(story);
  const decision = incident === null ? undefined : decisionsOf(story, incident).at(-1);
  if (incident === null || decision === undefined) return whyLines(story);
  const sample = incident.evidence.flatMap(({ samples }) => samples)[0];
  const quoted = sample === undefined ? [] : [`“${sample}”`];
  return [`rule ${incident.rule}: ${incident.summary}`, ...quoted, ...numberLines(decision.numbers)];
};

const quietReason = ({ run, timeline }: RunStory): readonly string[] => {
  if (run.state !== 'exited') return run.trouble === null ? [] : [run.trouble];
  const orphans = timeline.flatMap(({ fact }) =>
    fact.kind === 'stop-began' && fact.cause === 'orphans' ? [fact.reason] : [],
  );
  const ended = run.verifiedEmpty
    ? 'which FlowForge ended, verified empty'
    : 'which FlowForge could not end, all of it';
  return orphans.length === 0
    ? ['no rule fired: FlowForge did nothing']
    : ['no rule fired', `${orphans.join('; ')}, ${ended}; run --keep-orphans spares it`];
};

/** The signals that a person knows by other words; the rest follow under their own names. */
const numberLines = (numbers: SignalVector): readonly string[] => {
  const number = (name: keyof SignalVector): number | null => {
    const value = numbers[name];
    return typeof value === 'number' ? value : null;
  };
  const cpu = number('cpu.pct_10s') ?? number('cpu.pct');
  const [cpuLimit, rss, memLimit, cycles, period] = [
    number('limit.cpu_pct'),
    number('mem.rss'),
    number('limit.mem_bytes'),
    number('output.cycles'),
    number('output.period'),
  ];
  const [span, progressAge] = [number('output.repeat_span'), number('progress.age')];
  const told = [
    cpu === null
      ? null
      : `CPU pressure: ${cpu.toFixed(0)} % of one core${cpuLimit === null ? '' : ` (limit ${cpuLimit.toFixed(0)} %)`}`,
    memLimit === null || rss === null ? null : `memory: ${formatBytes(rss)} (limit ${formatBytes(memLimit)})`,
    cycles === null || period === null || period === 0
      ? null
      : `repeated output: a block of ${period} ${period === 1 ? 'line' : 'lines'} came ${cycles} times${span === null ? '' : ` in ${formatSpan(span * 1000)}`}`,
    progressAge === null ? null : `no progress for ${formatSpan(progressAge * 1000)}`,
  ].filter((line) => line !== null);
  const rest = Object.fromEntries(Object.entries(numbers).filter(([name]) => !toldNames.has(name)));
  const more = describeNumbers(rest);
  return more === '' ? told : [...told, `numbers: ${more}`];
};

const toldNames: ReadonlySet<string> = new Set([
  'cpu.pct',
  'cpu.pct_10s',
  'limit.cpu_pct',
  'mem.rss',
  'limit.mem_bytes',
  'output.cycles',
  'output.period',
  'output.repeat_span',
  'progress.age',
]);

const decisionsOf = (story: RunStory, incident: IncidentView): readonly Decision[] =>
  story.timeline.flatMap(({ fact }) =>
    fact.kind === 'decision-made' && fact.incidentId === incident.incidentId ? [fact] : [],
  );

const stepLines = (story: RunStory, incident: IncidentView): readonly string[] =>
  story.timeline
    .filter(({ incidentId, kind }) => incidentId === incident.incidentId || interventionKinds.has(kind))
    .filter(({ kind }) => kind !== 'incident-opened')
    .map(
      ({ atMs, text, fact }) => `${formatTime(atMs)}  ${fact.kind === 'decision-made' ? decisionWords(fact) : text}`,
    );

const interventionKinds: ReadonlySet<Fact['kind']> = new Set([
  'stop-began',
  'stop-signalled',
  'stop-verified',
  'kill-incomplete',
  'pause-incomplete',
  'run-paused',
  'run-resumed',
  'restart-scheduled',
  'restart-cancelled',
  'run-restarted',
  'job-quarantined',
]);

const decisionWords = (fact: Decision): string =>
  fact.enforced || fact.does === fact.wouldDo
    ? `${fact.does}: ${fact.reason}`
    : `would ${fact.wouldDo} (${fact.mode}): ${fact.reason}`;

const nextSteps = ({ run }: RunStory): readonly string[] => {
  if (!isOver(run.state)) return [`flowforge logs ${run.runId} -f`, `flowforge stop ${run.runId}`];
  const again = `flowforge restart ${run.runId}`;
  if (run.state === 'failed') return ['mend the command and run it again'];
  if (isStoppedByRule(run)) return [again, ...loosen(run)];
  return [again];
};

/** Limits act in every rollout, so shadow mode is no way around one. */
const loosen = ({ stopCause, limits }: RunView): readonly string[] => {
  if (stopCause === 'limit') return ['or run it again with a higher --max-mem or --timeout'];
  const higher = limits === null ? [] : [`or with --max-cpu above ${limits.maxCpuPct}`];
  return ['or run it again with --shadow-mode to only watch', ...higher];
};

const whereLines = (story: RunStory): readonly string[] => {
  const incident = decisiveIncident(story);
  if (story.dashboard === null) return [];
  return [
    incident === null
      ? `${story.dashboard}/runs/${story.run.runId}`
      : `${story.dashboard}/incidents/${incident.incidentId}`,
  ];
};
