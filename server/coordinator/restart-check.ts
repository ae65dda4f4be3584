import type { ActionMessage } from '#protocol/messages';
import type { RunSpec } from '#protocol/run-spec';
import { whyNotAgain } from './launch-run.ts';

/** Tells action, which decided on a restart, whether the job could be started again: only then is the old one stopped. */
export const restartCheck = (spec: RunSpec, rule: string): ActionMessage => ({
  kind: 'restart-checked',
  runId: spec.runId,
  rule,
  whyNot: whyNotAgain(spec),
});
