import { z } from 'zod';
import { isUlid, parseIncidentId, parseRunId } from '#protocol/ids';
import { rolloutModes } from '#protocol/judgement';
import { profiles } from '#protocol/run-spec';
import { runStates } from '#protocol/run-state';

const limit = z.coerce.number().int().min(1).max(500).default(100);
const ulid = z.string().refine(isUlid, 'a ULID (26 characters) is expected');
const many = z
  .union([z.string(), z.array(z.string())])
  .default([])
  .transform((value) => [value].flat());

export const runIdText = ulid.transform(parseRunId);
export const incidentIdText = ulid.transform(parseIncidentId);
export const runRef = z.strictObject({ id: z.string().min(1).max(200) });
export const incidentRef = z.strictObject({ id: incidentIdText });

const states = many
  .transform((texts) => texts.flatMap((text) => text.split(',')).filter((text) => text !== ''))
  .pipe(z.array(z.enum([...runStates, 'live'])));

const label = z.string().regex(/^[^=\n]+=[^\n]*$/, 'a label is written key=value');

export const runsQuery = z.strictObject({
  state: states,
  name: z.string().nullable().default(null),
  label: many.pipe(z.array(label)),
  limit,
  cursor: ulid.nullable().default(null),
});

export const incidentsQuery = z.strictObject({
  run_id: ulid.nullable().default(null),
  state: z.enum(['open', 'closed']).nullable().default(null),
  limit,
  cursor: ulid.nullable().default(null),
});

export const timelineQuery = z.strictObject({
  run_id: ulid.nullable().default(null),
  incident_id: ulid.nullable().default(null),
  order: z.enum(['newest-first', 'oldest-first']).nullable().default(null),
  limit,
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, 'a cursor is what nextCursor said')
    .nullable()
    .default(null),
});

const offset = z.coerce.number().int().min(0);

export const logQuery = z.strictObject({
  stream: z.enum(['stdout', 'stderr']).nullable().default(null),
  /** Offsets to go on from; without them, and without `tail`, from the start. */
  stdout: offset.nullable().default(null),
  stderr: offset.nullable().default(null),
  tail: z.coerce.number().int().min(1).max(5000).nullable().default(null),
  /** Only what came then or later, epoch ms. */
  since: offset.nullable().default(null),
  limit: z.coerce.number().int().min(1).max(5000).default(1000),
});

export const signalsQuery = z.strictObject({
  from: z.coerce.number().int().nullable().default(null),
  to: z.coerce.number().int().nullable().default(null),
  points: z.coerce.number().int().min(2).max(5000).default(600),
});

export const waitQuery = z.strictObject({ since: z.coerce.number().int().min(0).default(0) });

const reason = z.string().max(500).default('');
const graceMs = z.number().int().min(0).max(600_000).nullable().default(null);

export const runCommandBody = z.strictObject({ reason, graceMs });
export const processCommandBody = z.strictObject({
  runId: z.string().min(1).max(200).nullable().default(null),
  reason,
  graceMs,
});

const count = z.number().int().min(0);
const texts = z.record(z.string(), z.string());

export const startRunBody = z.strictObject({
  name: z.string().max(200).nullable(),
  argv: z.array(z.string()).min(1),
  cwd: z.string().min(1),
  env: texts,
  labels: texts,
  profile: z.enum(profiles),
  policy: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('shipped'), name: z.string() }),
    z.strictObject({ kind: z.literal('file'), path: z.string(), text: z.string().max(262_144) }),
  ]),
  limits: z.strictObject({
    maxCpuPct: z.number(),
    maxMemBytes: count.nullable(),
    timeoutMs: count.nullable(),
    graceMs: count,
    pollIntervalMs: count,
    logWindowLines: count,
  }),
  rollout: z
    .strictObject({ mode: z.enum(rolloutModes), percent: z.number().min(0).max(100), salt: z.string() })
    .nullable(),
  noKill: z.boolean(),
  restart: z.strictObject({ mode: z.enum(['no', 'on-failure', 'always']), max: count }),
  keepOrphans: z.boolean(),
  umask: z.number().int().min(0).max(0o777),
  stdin: z.enum(['null', 'fifo']),
  queue: z.boolean().default(false),
  model: z.string().nullable(),
});

export const stopDaemonBody = z.strictObject({ stopJobs: z.boolean().default(false) });
export const faultBody = z.strictObject({
  worker: z.enum(['sampling', 'detection', 'action', 'gateway', 'coordinator']),
  kind: z.enum(['throw', 'exit', 'block', 'stuck', 'leak', 'heap']),
});
