import type { RunSpec } from '#protocol/run-spec';

/** The environment of `spec.json`, which the daemon itself wrote. */
export const parseJobEnvironment = (text: string): Readonly<Record<string, string>> =>
  (JSON.parse(text) as RunSpec).env;

const tellingName = /(KEY|TOKEN|SECRET|PASS|PASSWORD|PASSWD|CREDENTIALS?|DSN)$/i;

export const secretsIn = (env: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(env).flatMap(([name, value]) => (tellingName.test(name) ? [value] : []));
