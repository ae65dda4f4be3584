import { z } from 'zod';
import { rolloutModes, verbs } from '#protocol/judgement';
import { durationPattern } from './duration.ts';
import { sizePattern } from './size.ts';

const sayDuration = 'expected a duration such as 8s, 90s or 1h30m';
const duration = z.string(sayDuration).regex(durationPattern, sayDuration);
const saySize = 'expected a size such as 200MB or 16GiB';
const size = z.string(saySize).regex(sizePattern, saySize);
const share = z.string().regex(/^[0-9]{1,3}(\.[0-9]+)?%$/, 'expected a share such as 80%');
const amount = z.union([
  z.number().positive(),
  z.string().regex(/^[0-9]+(\.[0-9]+)?[kMG]$/, 'expected a count such as 200k or 20M'),
]);
const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected lower-case letters, digits and dashes');
const clockTime = z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, 'expected a time of day such as 23:00');
const text = z.string().min(1).max(1000);
const condition = z.string().min(1).describe('A CEL condition over signals; units: s m h d KiB MiB GiB.');
const severity = z.enum(['info', 'warn', 'critical']);
const level = z.enum(['observe', 'warn', 'act']);
const verb = z.enum(verbs);

const match = z
  .strictObject({
    kind: z.enum(['script', 'agent']).optional(),
    name: z.string().max(200).optional().describe('The name of the job; * stands for anything.'),
    labels: z.record(z.string(), z.string()).optional(),
  })
  .describe('Which jobs it is for.');

const rollout = z
  .strictObject({
    mode: z.enum(rolloutModes).optional(),
    percent: z.number().min(0).max(100).optional(),
    sticky: z.literal('job.key').optional(),
    salt: z.string().min(1).max(100).optional(),
    remind_after: duration
      .optional()
      .describe('After this long in shadow FlowForge reminds of a decision; 14d when left out.'),
  })
  .describe('shadow records, canary acts on a share of the jobs, enforce acts.');

const stop = z.strictObject({
  signal: z.literal('SIGTERM').optional(),
  grace: duration.optional(),
  tree: z.literal(true).optional(),
});

const restart = z.strictObject({
  max: z.int().min(0).max(1000).optional(),
  within: duration.optional(),
  backoff: z
    .strictObject({
      initial: duration.optional(),
      factor: z.number().min(1).max(10).optional(),
      max: duration.optional(),
      jitter: z.number().min(0).max(1).optional(),
    })
    .optional(),
  // biome-ignore lint/suspicious/noThenProperty: the word of the language for what follows used-up restarts
  then: z.literal('stop').optional(),
});

const step = z.strictObject({
  do: verb,
  after: duration.optional().describe('Counted from the moment the rule began to fire.'),
  if: z.string().min(1).optional().describe('A condition checked when the step is due; `acknowledged` may be asked.'),
  message: text.optional(),
  resume_after: duration.optional(),
});

const detect = z
  .strictObject({
    tool_loop: z
      .strictObject({
        identical: z.int().min(2).optional(),
        error_streak: z.int().min(2).optional(),
        level: level.optional(),
      })
      .optional(),
    repetition: z.strictObject({ level }).optional(),
    failing_lines: z.strictObject({ level }).optional(),
    output_flood: z.strictObject({ level }).optional(),
    memory_trend: z.strictObject({ level }).optional(),
    stall: z.strictObject({ level }).optional(),
    text_loop: z.strictObject({ level }).optional(),
    log_match: z
      .strictObject({
        pattern: z.string().describe('In the syntax of RE2, looked for in each line; at most 200 characters.'),
        count: z.int().min(1).max(100_000).optional().describe('So many lines within the time; 1 when left out.'),
        within: duration.optional().describe('At most 24h; 1m when left out.'),
      })
      .optional(),
  })
  .describe('A named detector with its level instead of a condition.');

const rule = z.strictObject({
  id,
  summary: text.optional(),
  match: match.optional(),
  when: condition.optional(),
  detect: detect.optional(),
  unless: condition.optional().describe('While this holds, the rule is held back, and the reason is shown.'),
  for: duration.optional().describe('How long the condition must hold before the rule fires.'),
  keep_for: duration.optional().describe('How long the condition must be gone before the rule clears.'),
  warmup: duration.optional(),
  cooldown: duration.optional(),
  severity: severity.optional(),
  rollout: rollout.optional().describe('May be stricter than that of the policy, never looser.'),
  stop: stop.optional(),
  action: z.union([verb, step, z.array(step).min(1).max(8)]).optional(),
});

const budgetAction = z.enum(['alert', 'pause', 'stop']);
const budget = z.strictObject({
  id,
  scope: z.enum(['job', 'fleet']),
  window: z
    .union([z.enum(['hour', 'day', 'week', 'month']), z.strictObject({ from: clockTime, to: clockTime })])
    .optional(),
  usd: z.number().positive().optional(),
  tokens: amount.optional(),
  warn_at: z.array(share).max(5).optional(),
  on_exceeded: z
    .union([budgetAction, z.strictObject({ do: budgetAction, select: z.literal('highest-burn').optional() })])
    .optional(),
  extend: z.strictObject({ step: z.number().positive(), max: z.int().min(1).max(100) }).optional(),
});

const channel = z.strictObject({
  name: id,
  type: z.enum([
    'desktop',
    'webhook',
    'slack',
    'discord',
    'teams',
    'ntfy',
    'telegram',
    'pagerduty',
    'email',
    'command',
  ]),
  url: z.string().max(500).optional(),
  actions: z
    .array(z.enum(['pause', 'resume', 'extend', 'stop', 'ack']))
    .max(5)
    .optional(),
});
const route = z.strictObject({
  severity: severity.optional(),
  rule: id.optional(),
  to: z.array(id).min(1),
  group: duration.optional(),
  repeat: duration.optional(),
  after: duration.optional(),
});

export const policySchema = z.strictObject({
  apiVersion: z.literal('flowforge/v1'),
  kind: z.literal('Policy'),
  metadata: z.strictObject({ name: id, description: text.optional(), owner: text.optional() }),
  extends: z
    .array(z.string().min(1).max(200))
    .max(4)
    .optional()
    .describe('Parents: shipped names or paths. Rules of the same id override only the keys they name.'),
  floor: z.literal(true).optional().describe('Files that extend this one may only tighten it.'),
  match: match.optional(),
  rollout: rollout.optional(),
  defaults: z
    .strictObject({
      sample: duration.optional(),
      warmup: duration.optional(),
      stop: stop.optional(),
      restart: restart.optional(),
    })
    .optional(),
  limits: z
    .strictObject({
      wall_clock: duration.optional(),
      'mem.rss': size.optional(),
      'procs.count': z.int().min(1).optional(),
      'disk.written': size.optional(),
    })
    .optional()
    .describe('Plain caps: always enforced, never sampled by a rollout.'),
  budgets: z.array(budget).max(20).optional(),
  rules: z.array(rule).max(100).optional(),
  pricing: z
    .strictObject({
      source: z.literal('bundled').optional(),
      basis: z.enum(['api', 'subscription']).optional(),
      unknown_model: z.enum(['warn', 'block-budget-rules']).optional(),
    })
    .optional(),
  notify: z
    .strictObject({
      channels: z.array(channel).max(20).optional(),
      routes: z.array(route).max(50).optional(),
      quiet_hours: z.strictObject({ from: clockTime, to: clockTime, allow: z.array(severity).optional() }).optional(),
    })
    .optional(),
});

/** A policy file as its author wrote it: checked, not yet compiled. */
export type PolicyFile = z.infer<typeof policySchema>;
export type RuleEntry = NonNullable<PolicyFile['rules']>[number];
export type BudgetEntry = NonNullable<PolicyFile['budgets']>[number];

/** For editors: completion and checks while typing. Written to policies/policy.v1.schema.json. */
export const policyJsonSchema = (): object => ({
  ...z.toJSONSchema(policySchema, { io: 'input', target: 'draft-2020-12' }),
  $id: 'flowforge-policy-v1',
  title: 'FlowForge policy v1',
});
