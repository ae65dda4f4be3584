import { z } from 'zod';
import { parseJobId, parseJobKey, parseRunId } from '#protocol/ids';
import { rolloutModes } from '#protocol/judgement';
import { profiles, type RunSpec } from '#protocol/run-spec';
import { type Parsed, readWith, runPaths } from './run-files.ts';

const count = z.number().int().nonnegative();
const texts = z.record(z.string(), z.string());

const specShape = z.object({
  runId: z.string().transform(parseRunId),
  jobId: z.string().transform(parseJobId),
  jobKey: z.string().transform(parseJobKey),
  generation: count.min(1),
  requestedAtMs: count,
  handle: z.discriminatedUnion('level', [
    z.object({ level: z.literal('cgroup2'), cgroupDir: z.string().startsWith('/'), tag: count }),
    z.object({ level: z.literal('tag-scan'), tag: count }),
    z.object({ level: z.literal('process-group'), tag: count }),
  ]),
  restartsAtMs: z.array(z.number()),
  name: z.string().nullable(),
  argv: z.array(z.string()).min(1),
  cwd: z.string().startsWith('/'),
  env: texts,
  labels: texts,
  profile: z.enum(profiles),
  policy: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('shipped'), name: z.string() }),
    z.object({ kind: z.literal('file'), path: z.string(), text: z.string() }),
  ]),
  limits: z.object({
    maxCpuPct: z.number().positive(),
    maxMemBytes: count.nullable(),
    timeoutMs: count.nullable(),
    graceMs: count,
    pollIntervalMs: count,
    logWindowLines: count,
  }),
  rollout: z.object({ mode: z.enum(rolloutModes), percent: z.number().min(0).max(100), salt: z.string() }).nullable(),
  noKill: z.boolean(),
  restart: z.object({ mode: z.enum(['no', 'on-failure', 'always']), max: count }),
  keepOrphans: z.boolean(),
  umask: count.max(0o777),
  stdin: z.enum(['null', 'fifo']),
  queue: z.boolean().default(false),
  model: z.string().nullable(),
}) satisfies z.ZodType<RunSpec>;

export const readSpecFile = (runDir: string): Parsed<RunSpec> => readWith(runPaths(runDir).spec, parseSpecFile);

/** All that is needed to start the job again; a file that says less is damaged. */
export const parseSpecFile = (text: string): Parsed<RunSpec> => {
  try {
    const parsed = specShape.safeParse(JSON.parse(text));
    return parsed.success
      ? { kind: 'read', value: parsed.data }
      : { kind: 'damaged', why: `spec.json: ${z.prettifyError(parsed.error)}` };
  } catch (cause) {
    // Half-written JSON, or an id that is none.
    return { kind: 'damaged', why: `spec.json: ${cause instanceof Error ? cause.message : String(cause)}` };
  }
};
