import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Actor } from '#protocol/actor';
import type { FactBody } from '#protocol/facts';
import { type JobKey, parseJobKey } from '#protocol/ids';
import type { JobFace } from '#protocol/run-facts';
import type { RunSpec } from '#protocol/run-spec';
import { createRedactor } from '#redaction/redact';
import { secretValuesOf } from '#redaction/secret-names';

/** What a job is across invocations: where it runs and with which words. */
export const jobKeyOf = (cwd: string, argv: readonly string[]): JobKey =>
  parseJobKey(
    createHash('sha256')
      .update(JSON.stringify([cwd, ...argv]))
      .digest('hex')
      .slice(0, 32),
  );

/** The first fact of a run. From here on nothing that people see holds a secret of its argv. */
export const runRequested = (
  spec: RunSpec,
  policyName: string,
  by: Actor,
): Extract<FactBody, { kind: 'run-requested' }> => ({
  kind: 'run-requested',
  runId: spec.runId,
  jobId: spec.jobId,
  jobKey: spec.jobKey,
  generation: spec.generation,
  face: faceOf(spec),
  profile: spec.profile,
  limits: spec.limits,
  policyName,
  rollout: spec.rollout,
  noKill: spec.noKill,
  restart: spec.restart,
  containment: spec.handle.level,
  by,
});

const faceOf = (spec: RunSpec): JobFace => {
  const redactor = createRedactor(secretValuesOf(spec.env));
  return {
    name: redactor.text(spec.name ?? nameOf(spec.argv)),
    argv: redactor.argv(spec.argv),
    cwd: redactor.text(spec.cwd),
    labels: Object.fromEntries(Object.entries(spec.labels).map(([name, value]) => [name, redactor.text(value)])),
  };
};

/** `python3 train.py --x` is called `train.py`: the script says more than its interpreter. */
const nameOf = (argv: readonly string[]): string => {
  const [command = 'job', ...rest] = argv;
  const isInterpreter = /^(python|node|ruby|perl|bash|sh|zsh|deno|bun)[\d.]*$/.test(path.basename(command));
  const script = isInterpreter ? rest.find((word) => !word.startsWith('-')) : undefined;
  return path.basename(script ?? command).slice(0, 80);
};
