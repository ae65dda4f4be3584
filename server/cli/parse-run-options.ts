import { configKeys } from '#config/config-keys';
import type { RunCommandOptions } from './commands/run.ts';

/** From what commander collected; options that are keys of the configuration keep the texts that were typed. */
export const parseRunOptions = (options: Readonly<Record<string, unknown>>): RunCommandOptions => {
  return {
    name: textOf(options.name),
    cwd: textOf(options.cwd),
    config: textOf(options.config),
    report: textOf(options.report),
    transcript: textOf(options.transcript),
    track: Array.isArray(options.track) ? options.track.map(String) : [],
    label: Array.isArray(options.label) ? options.label.map(String) : [],
    detach: options.detach === true,
    injectFeedback: options.injectFeedback === true,
    keepOrphans: options.keepOrphans === true,
    queue: options.queue === true,
    daemon: options.daemon !== false,
    verbose: options.verbose === true,
    flags: Object.fromEntries(configKeys.flatMap((key) => flagOf(key, options))),
  };
};

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** Commander tells `--no-kill` as `kill: false`, and every other option under its name in camel case. */
const flagOf = (key: string, options: Readonly<Record<string, unknown>>): readonly [string, unknown][] => {
  if (key === 'no-kill') return options.kill === false ? [[key, true]] : [];
  const value = options[key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())];
  return value === undefined ? [] : [[key, value]];
};
