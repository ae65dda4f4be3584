import type { LogKeeping } from '#protocol/log-keeping';
import { ConfigProblem } from './config.ts';
import { parseDuration, parseSize } from './quantities.ts';

const gib = 1024 ** 3;
const dayMs = 86_400_000;

/** From the environment of the daemon. @throws ConfigProblem naming the variable. */
export const readLogKeeping = (env: NodeJS.ProcessEnv): LogKeeping => ({
  capBytes: read(env, { name: 'FLOWFORGE_LOG_CAP', parse: parseSize, usual: gib / 4 }),
  archives: read(env, { name: 'FLOWFORGE_ARCHIVE', parse: parseSwitch, usual: true }),
  archiveAfterMs: read(env, { name: 'FLOWFORGE_ARCHIVE_AFTER', parse: parseDuration, usual: 10 * 60_000 }),
  homeBytes: read(env, { name: 'FLOWFORGE_LOGS_MAX', parse: parseSize, usual: 10 * gib }),
  keepMs: read(env, { name: 'FLOWFORGE_LOGS_KEEP', parse: parseDuration, usual: 30 * dayMs }),
  keepFactsMs: read(env, { name: 'FLOWFORGE_RECORD_KEEP', parse: parseDuration, usual: 365 * dayMs }),
});

const parseSwitch = (text: string): boolean => {
  if (/^(on|1|true)$/i.test(text)) return true;
  if (/^(off|0|false)$/i.test(text)) return false;
  throw new TypeError(`expected on or off, got ${JSON.stringify(text)}`);
};

const read = <Value>(
  env: NodeJS.ProcessEnv,
  setting: { name: string; parse: (text: string) => Value; usual: Value },
): Value => {
  const text = env[setting.name];
  try {
    return text === undefined ? setting.usual : setting.parse(text);
  } catch (cause) {
    throw new ConfigProblem(`${setting.name}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
};
