import type { RunId } from '#protocol/ids';
import type { WatchedRun } from '#protocol/messages';
import type { Redactor } from '#redaction/redact';
import { parseTracked, trackLabel } from './best-values.ts';
import { compileLinePatterns } from './line-patterns.ts';
import type { StreamGap } from './output-tail.ts';
import { RunOutput } from './run-output.ts';
import type { CreateAgentTap, CreateLineTap } from './taps.ts';
import { searchedTranscript, transcriptLabel } from './transcript-tail.ts';

export interface OutputGap extends StreamGap {
  readonly runId: RunId;
}

interface Surroundings {
  readonly redact: Redactor;
  readonly createLineTap: CreateLineTap;
  readonly createAgentTap: CreateAgentTap;
  report(gap: OutputGap): void;
}

/** The output of a run as its labels ask for it: with a transcript beside it, with numbers that are followed. */
export const openRunOutput = (run: WatchedRun, { redact, report, ...taps }: Surroundings): RunOutput => {
  const transcript = run.labels[transcriptLabel];
  return new RunOutput({
    runDir: run.runDir,
    redact,
    patterns: compileLinePatterns(run.policy.patterns),
    model: run.model,
    createLineTap: taps.createLineTap,
    createAgentTap: taps.createAgentTap,
    onGap: (gap) => report({ runId: run.runId, ...gap }),
    tracked: parseTracked(run.labels[trackLabel] ?? '') ?? [],
    ...(transcript === undefined || transcript === searchedTranscript
      ? {}
      : { transcript: { path: transcript, startedAtMs: run.startedAtMs } }),
  });
};
