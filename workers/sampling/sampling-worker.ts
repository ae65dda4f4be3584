import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FactReport, RunChange, SamplingMessage, WatchedRun } from '#protocol/messages';
import type { ObservationBatch } from '#protocol/observations';
import { createRedactor, type Redactor } from '#redaction/redact';
import { secretValuesOf } from '#redaction/secret-names';
import { systemClock } from '#runtime/clock';
import { hostWorker } from '#runtime/host';
import { transcriptHomesOf } from './agent-stream/transcript.ts';
import { createAgentTap } from './agent-tap.ts';
import { createLineTap } from './line-tap.ts';
import { createSampling } from './sampling-actor.ts';

await hostWorker<{ readonly home: string; readonly introductions: readonly RunChange[] }>(async (host) => {
  const facts = host.outlet<FactReport>('facts-from-sampling');
  const sampling = createSampling({
    clock: systemClock,
    homeDir: host.setup.home,
    outlets: { observations: host.outlet<ObservationBatch>('observations') },
    createLineTap,
    createAgentTap,
    redactorFor: (run) => redactorFor(environmentOf(run)),
    homesOf: (run) => transcriptHomesOf(environmentOf(run)),
    report: (gap) => {
      const key = `gap:${gap.runId}:${gap.stream}:${gap.fromByte}:${gap.toByte}`;
      void facts.send({ key, body: { kind: 'output-gap', ...gap }, mustSync: false });
    },
  });
  for (const change of host.setup.introductions) void sampling.receive(change);
  host.inlet<SamplingMessage>('run-changes-to-sampling', (message) => sampling.receive(message));
  sampling.start();
  return () => sampling.stop();
});

/** Knows the secrets of the job's own environment by value. */
function redactorFor(env: Readonly<Record<string, string>>): Redactor {
  return createRedactor(secretValuesOf(env));
}

function environmentOf(run: WatchedRun): Readonly<Record<string, string>> {
  try {
    const spec = JSON.parse(readFileSync(path.join(run.runDir, 'spec.json'), 'utf8')) as {
      env?: Record<string, string>;
    };
    return spec.env ?? {};
  } catch {
    /* the spec is gone or damaged: secrets that are known by their shape are still hidden */
    return {};
  }
}
