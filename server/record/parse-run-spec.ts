import type { RunSpec } from '#protocol/run-spec';

/** The environment of `spec.json`, which the daemon itself wrote. */
export const parseJobEnvironment = (text: string): Readonly<Record<string, string>> =>
  (JSON.parse(text) as RunSpec).env;
