import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isFileName } from '#policy/lineage';
import type { Rollout } from '#protocol/judgement';
import { defaultThresholds, type Thresholds } from '#protocol/profile-thresholds';
import type { PolicySource, RunLimits } from '#protocol/run-spec';
import {
  ConfigProblem,
  defaultCanaryPercent,
  defaultGraceMs,
  defaultPolicyName,
  defaultProfile,
  type RunSettings,
  toWholeTicks,
} from './config.ts';
import { type ConfigFile, type ConfigKey, type ConfigValues, configKeys, keySchemas } from './config-keys.ts';
import { errorCode } from './error-code.ts';
import { parseConfigFile, sayExpected } from './parse-config-file.ts';
import { userConfigFile } from './paths.ts';

export interface ConfigSources {
  /** As typed: `{ 'max-cpu': '60' }`. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** `--config FILE`: read in place of the project's `flowforge.yaml`. */
  readonly file: string | null;
}

interface Layer {
  readonly values: ConfigValues;
  readonly profiles: ConfigFile['profiles'];
  /** Names the place of one key, for errors and `origins`. */
  readonly placeOf: (key: ConfigKey) => string;
  /** What a relative path in this layer is relative to. */
  readonly baseDir: string;
}

/** Flags, then FLOWFORGE_*, then the project's file, then the user's, then defaults. @throws ConfigProblem */
export const readConfig = (sources: ConfigSources): RunSettings => {
  const layers = [
    flagLayer(sources),
    envLayer(sources),
    fileLayer(projectFile(sources)),
    fileLayer(existing(userConfigFile(sources.env))),
  ];
  const pick = <Key extends ConfigKey>(key: Key): ConfigValues[Key] =>
    layers.find((layer) => layer.values[key] !== undefined)?.values[key];
  const profile = pick('profile') ?? defaultProfile;
  const threshold = (key: 'max-cpu' | 'poll-interval' | 'log-window', byDefault: number): number =>
    pick(key) ??
    layers.find((layer) => layer.profiles?.[profile]?.[key] !== undefined)?.profiles?.[profile]?.[key] ??
    byDefault;
  const shipped: Thresholds = defaultThresholds[profile];
  const limits: RunLimits = {
    maxCpuPct: threshold('max-cpu', shipped.maxCpuPct),
    maxMemBytes: pick('max-mem') ?? null,
    timeoutMs: pick('timeout') ?? null,
    graceMs: pick('grace') ?? defaultGraceMs,
    pollIntervalMs: toWholeTicks(threshold('poll-interval', shipped.pollIntervalMs)),
    logWindowLines: threshold('log-window', shipped.logWindowLines),
  };
  return {
    profile,
    limits,
    policy: policyOf(layers),
    rollout: rolloutOf(layers, {
      percent: pick('policy-canary-percent') ?? defaultCanaryPercent,
      salt: pick('policy-canary-salt') ?? '',
    }),
    noKill: pick('no-kill') ?? false,
    restart: pick('restart') ?? { mode: 'no', max: 0 },
    model: pick('model') ?? null,
    origins: originsOf(layers),
  };
};

const flagLayer = ({ flags, cwd }: ConfigSources): Layer => {
  const placeOf = (key: ConfigKey): string => `--${key}`;
  return { values: parseValues((key) => flags[key], placeOf), profiles: {}, placeOf, baseDir: cwd };
};

const envLayer = ({ env, cwd }: ConfigSources): Layer => {
  const placeOf = (key: ConfigKey): string => `FLOWFORGE_${key.toUpperCase().replaceAll('-', '_')}`;
  const given = (key: ConfigKey): unknown => (env[placeOf(key)] === '' ? undefined : env[placeOf(key)]);
  return { values: parseValues(given, placeOf), profiles: {}, placeOf, baseDir: cwd };
};

const parseValues = (given: (key: ConfigKey) => unknown, placeOf: (key: ConfigKey) => string): ConfigValues =>
  Object.fromEntries(
    configKeys.flatMap((key) => {
      const raw = given(key);
      if (raw === undefined) return [];
      const parsed = keySchemas[key].safeParse(raw);
      if (parsed.success) return [[key, parsed.data]];
      const issue = parsed.error.issues[0];
      throw new ConfigProblem(`${placeOf(key)}: ${issue === undefined ? 'not usable' : sayExpected(key, issue, raw)}`);
    }),
  );

const fileLayer = (file: string | null): Layer => {
  if (file === null) return { values: {}, profiles: {}, placeOf: () => '', baseDir: '' };
  const { profiles, ...values } = parseConfigFile(file, readText(file, 'configuration'));
  return { values, profiles, placeOf: () => file, baseDir: path.dirname(file) };
};

const readText = (file: string, what: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const isGone = errorCode(cause) === 'ENOENT';
    const reason = isGone ? 'there is no such file' : cause instanceof Error ? cause.message : String(cause);
    throw new ConfigProblem(`${file}: the ${what} cannot be read: ${reason}`, { cause });
  }
};

const existing = (file: string): string | null => (existsSync(file) ? file : null);

/** The nearest `flowforge.yaml` from the working directory up to the root of its repository; outside of one, of the directory alone. */
const projectFile = ({ cwd, file }: ConfigSources): string | null => {
  if (file !== null) return path.resolve(cwd, file);
  const folders = [path.resolve(cwd)];
  for (let folder = path.dirname(path.resolve(cwd)); folder !== folders.at(-1); folder = path.dirname(folder))
    folders.push(folder);
  const root = folders.findIndex((folder) => existsSync(path.join(folder, '.git')));
  const searched = root === -1 ? folders.slice(0, 1) : folders.slice(0, root + 1);
  return (
    searched.map((folder) => existing(path.join(folder, 'flowforge.yaml'))).find((found) => found !== null) ?? null
  );
};

const policyOf = (layers: readonly Layer[]): PolicySource => {
  const layer = layers.find(({ values }) => values.policy !== undefined);
  const given = layer?.values.policy;
  if (layer === undefined || given === undefined) return { kind: 'shipped', name: defaultPolicyName };
  if (!isFileName(given)) return { kind: 'shipped', name: given };
  const file = path.resolve(layer.baseDir, given);
  return { kind: 'file', path: file, text: readText(file, `policy named by ${layer.placeOf('policy')}`) };
};

/** The nearest layer that speaks of rollout decides its mode: `--shadow-mode` wins over `policy-rollout: enforce` of a file. */
const rolloutOf = (layers: readonly Layer[], rest: { percent: number; salt: string }): Rollout | null => {
  for (const { values } of layers) {
    if (values['shadow-mode'] === true) return { mode: 'shadow', ...rest };
    if (values['policy-rollout'] !== undefined) return { mode: values['policy-rollout'], ...rest };
  }
  return null;
};

const originsOf = (layers: readonly Layer[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    configKeys.flatMap((key) => {
      const layer = layers.find(({ values }) => values[key] !== undefined);
      return layer === undefined ? [] : [[key, layer.placeOf(key)]];
    }),
  );
