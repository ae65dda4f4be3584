import { z } from 'zod';
import { rolloutModes } from '#protocol/judgement';
import { profiles, type RestartSetting } from '#protocol/run-spec';
import { defaultRestarts } from './config.ts';
import { parseDuration, parseSize } from './quantities.ts';

const refineText = <T>(parse: (text: string) => T) =>
  z.unknown().transform((raw, context): T => {
    try {
      return parse(typeof raw === 'number' ? String(raw) : z.string().parse(raw));
    } catch (error) {
      const message = error instanceof TypeError ? error.message : 'expected text';
      context.addIssue({ code: 'custom', message, params: { isWhole: error instanceof TypeError } });
      return z.NEVER;
    }
  });

const toNumber = (raw: unknown): unknown =>
  typeof raw === 'string' && /^\s*[\d.]+\s*%?\s*$/.test(raw) ? Number(raw.replace('%', '')) : raw;
const number = (schema: z.ZodNumber) => z.preprocess(toNumber, schema);
const toFlag = (raw: unknown): unknown =>
  raw === '1' || raw === 'true' ? true : raw === '0' || raw === 'false' ? false : raw;
const flag = z.preprocess(toFlag, z.boolean());

/** `3`, `no`, `on-failure`, `on-failure:3`, `always:10`. */
export const parseRestart = (text: string): RestartSetting => {
  const match = /^(?:(\d+)|(no|on-failure|always)(?::(\d+))?)$/.exec(text.trim());
  if (match === null || (match[2] === 'no' && match[3] !== undefined)) {
    throw new TypeError(`expected no, a number, on-failure[:N] or always[:N], got ${JSON.stringify(text)}`);
  }
  if (match[2] === 'no' || Number(match[1] ?? match[3]) === 0) return { mode: 'no', max: 0 };
  return {
    mode: match[2] === 'always' ? 'always' : 'on-failure',
    max: Number(match[1] ?? match[3] ?? defaultRestarts),
  };
};

const thresholdKeys = {
  'max-cpu': number(z.number().min(1).max(25_600)),
  'poll-interval': refineText(parseDuration).pipe(z.number().min(100).max(60_000)),
  'log-window': number(z.number().int().min(2).max(10_000)),
};

/** Every key that may stand in `flowforge.yaml`, in the environment (`max-cpu` as FLOWFORGE_MAX_CPU) and, as `--max-cpu`, on the command line. */
export const keySchemas = {
  ...thresholdKeys,
  profile: z.enum(profiles),
  policy: z.string().min(1),
  'policy-rollout': z.enum(rolloutModes),
  'policy-canary-percent': number(z.number().min(0).max(100)),
  'policy-canary-salt': z.string().max(100),
  'shadow-mode': flag,
  'no-kill': flag,
  'max-mem': refineText(parseSize).pipe(z.number().min(1024 * 1024)),
  timeout: refineText(parseDuration).pipe(z.number().min(100)),
  grace: refineText(parseDuration).pipe(z.number().max(600_000)),
  restart: refineText(parseRestart),
  model: z.string().min(1).max(200),
};

export type ConfigKey = keyof typeof keySchemas;
export type ConfigValues = { readonly [Key in ConfigKey]?: z.output<(typeof keySchemas)[Key]> | undefined };
export const configKeys = Object.keys(keySchemas) as ConfigKey[];

/** What each key wants, for the sentence "expected …, got …". */
export const expectedOf: Readonly<Record<ConfigKey, string>> = {
  'max-cpu': 'percent of one core from 1 to 25600, like 60',
  'poll-interval': 'a duration from 100ms to 60s, like 500ms',
  'log-window': 'a whole number of lines from 2 to 10000, like 10',
  profile: 'light, standard or heavy',
  policy: 'the name of a shipped policy or the path of a file',
  'policy-rollout': 'shadow, canary or enforce',
  'policy-canary-percent': 'a percentage from 0 to 100, like 10',
  'policy-canary-salt': 'at most 100 characters',
  'shadow-mode': 'true or false',
  'no-kill': 'true or false',
  'max-mem': 'a size of at least 1MiB, like 512MiB',
  timeout: 'a duration of at least 100ms, like 2h',
  grace: 'a duration of at most 10m, like 10s',
  restart: 'no, a number, on-failure[:N] or always[:N]',
  model: 'the name of a model',
};

const optional = <Shape extends Record<string, z.ZodType>>(shape: Shape) => z.strictObject(shape).partial();

/** The whole file. */
export const fileSchema = z
  .strictObject({
    ...keySchemas,
    profiles: optional({
      light: optional(thresholdKeys),
      standard: optional(thresholdKeys),
      heavy: optional(thresholdKeys),
    }),
  })
  .partial();
export type ConfigFile = z.output<typeof fileSchema>;
