import { z } from 'zod';
import { rolloutModes, verbs } from '#protocol/judgement';
import { profiles } from '#protocol/run-spec';
import { durationPattern } from './duration.ts';

const sayDuration = 'expected a duration such as 5s or 2m';
const duration = z.string(sayDuration).regex(durationPattern, sayDuration);

const toolEvent = z.strictObject({
  every: duration,
  times: z.int().min(1).max(10_000),
  start: duration.optional(),
  tool: z.strictObject({
    name: z.string(),
    args: z.string().describe('$i is replaced by the number of the call.'),
    result: z.string().describe('$i is replaced by the number of the call.'),
    error: z.boolean().optional(),
  }),
});

const lineEvent = z.strictObject({
  every: duration,
  times: z.int().min(1).max(10_000),
  start: duration.optional(),
  text: z.string().max(1000).describe('$i is replaced by the number of the line.'),
});

const expectation = z.strictObject({
  at: duration,
  rule: z.string().optional(),
  budget: z.string().optional(),
  state: z.enum(['inactive', 'pending', 'firing', 'ok', 'warn', 'exceeded']).optional(),
  action: z.enum(verbs).optional(),
  enforced: z.boolean().optional(),
  grace: duration.optional().describe('How long a job is given between the request to end and the kill.'),
  resume_after: duration.optional().describe('How long the pause of this step lasts.'),
});

const testCase = z.strictObject({
  name: z.string().min(1).max(200),
  job: z
    .strictObject({
      kind: z.enum(['script', 'agent']).optional(),
      agent: z.string().optional(),
      profile: z
        .enum(profiles)
        .optional()
        .describe('Gives limit.cpu_pct and limit.log_window; standard when left out.'),
      name: z.string().optional(),
      labels: z.record(z.string(), z.string()).optional(),
      canary: z.enum(['in', 'out']).optional(),
      rollout: z.enum(rolloutModes).optional(),
    })
    .optional(),
  signals: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  events: z.array(toolEvent).max(20).optional(),
  lines: z.array(lineEvent).max(20).optional().describe('What the job prints, for rules with log_match.'),
  extensions: z
    .array(z.strictObject({ at: duration, budget: z.string() }))
    .max(20)
    .optional()
    .describe('`flowforge budget extend` by the step of the policy; one more than its max is refused.'),
  expect: z.array(expectation).max(50).optional(),
  never: z.array(z.enum(verbs)).optional(),
});

export const policyTestSchema = z.strictObject({
  apiVersion: z.literal('flowforge/v1'),
  kind: z.literal('PolicyTest'),
  policy: z.string().min(1),
  interval: duration.optional(),
  tests: z.array(testCase).min(1).max(500),
});

export type PolicyTestFile = z.infer<typeof policyTestSchema>;
export type PolicyTestCase = PolicyTestFile['tests'][number];
export type Expectation = NonNullable<PolicyTestCase['expect']>[number];
export type ToolEvents = NonNullable<PolicyTestCase['events']>[number];
export type LineEvents = NonNullable<PolicyTestCase['lines']>[number];

export const policyTestJsonSchema = (): object => z.toJSONSchema(policyTestSchema, { io: 'input' });
