import { isRecord } from './json-record.ts';

export interface CallEffect {
  readonly mutates: boolean;
  readonly waits: false | 'sleep' | 'poll';
  /** True for a call that starts a sub-agent. */
  readonly spawns: boolean;
}

const mutatingWords = new Set(
  'edit write multiedit notebookedit replace patch save insert create delete remove rename move append send message commit push post put upload attach mkdir install deploy publish set update change'.split(
    ' ',
  ),
);
const readingWords = new Set('read get list search find grep glob view show fetch status todo todowrite'.split(' '));
const shellWords = new Set('bash shell exec execute run terminal command powershell ipython python'.split(' '));
const spawningNames = new Set(
  'task agent subagent spawn_agent dispatch_agent delegate delegate_task delegate_to_agent new_task invoke_agent create_agent run_subagent spawnagent runsubagent'.split(
    ' ',
  ),
);

const mutatingShell =
  /(?:^|[;&|(]\s*)(?:sudo\s+)?(?:rm|mv|cp|mkdir|touch|tee|chmod|chown|ln|patch|dd|sed\s+-i|perl\s+-p?i|git\s+(?:-\S+\s+\S+\s+)?(?:add|commit|checkout|switch|merge|rebase|apply|stash|reset|push|pull|clone|rm|mv|restore|cherry-pick|revert|am|tag)|(?:npm|pnpm|yarn|pip3?|uv|cargo|go|apt|apt-get|brew|gem|poetry)\s+(?:install|i|ci|add|remove|uninstall|get|init))\b/;
/** A redirection into a file; `2>&1` and /dev/null write nothing. */
const redirects = /(?:^|[^0-9&>=-])>{1,2}\s*(?!&|\/dev\/null)[\w./~"'$-]/;
const onlySleeps =
  /^\s*(?:(?:sleep|wait)\b[^;&|\n]*|time\.sleep\([^)]*\)|import time)(?:\s*(?:;|&&|\n)\s*(?:(?:sleep|wait)\b[^;&|\n]*|time\.sleep\([^)]*\)|echo\b[^;&|\n]*|true))*\s*$/;
const sleepsFirst = /^\s*(?:sleep\s+\d|wait\b)/;

/** What a call does to the world, as far as its name and arguments tell. */
export const effectOf = (tool: string, args: unknown): CallEffect => {
  const words = wordsOf(tool);
  const waits = waitOf(words, args);
  const command = words.some((word) => shellWords.has(word)) ? commandOf(args) : null;
  return {
    waits,
    mutates:
      waits === false &&
      (command === null ? mutatesByName(words) : mutatingShell.test(command) || redirects.test(command)),
    spawns: spawningNames.has(tool.toLowerCase()) || tool.endsWith('create_task'),
  };
};

const wordsOf = (tool: string): readonly string[] =>
  tool
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');

const mutatesByName = (words: readonly string[]): boolean =>
  words.some((word) => mutatingWords.has(word)) && !words.some((word) => readingWords.has(word));

const commandOf = (args: unknown): string | null => {
  if (typeof args === 'string') return args;
  if (!isRecord(args)) return null;
  const value = args.command ?? args.cmd ?? args.script ?? args.code ?? args.input;
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? value.join(' ') : null;
};

const waitOf = (words: readonly string[], args: unknown): CallEffect['waits'] => {
  if (words.includes('sleep') || words.includes('wait')) return 'sleep';
  if (words.includes('poll') || isOutputReader(words) || isPollAction(args)) return 'poll';
  if (words.includes('stdin') && isRecord(args) && (args.chars ?? args.input ?? '') === '') return 'sleep';
  const command = words.some((word) => shellWords.has(word)) ? commandOf(args) : null;
  if (command === null) return false;
  // An empty command is how some agents go on waiting for the one that still runs.
  if (command.trim() === '' || onlySleeps.test(command)) return 'sleep';
  return sleepsFirst.test(command) ? 'poll' : false;
};

/** BashOutput, TaskOutput, get_command_output, shell_output: they read what something else writes. */
const isOutputReader = (words: readonly string[]): boolean =>
  words.at(-1) === 'output' &&
  words.some((word) => word === 'task' || word === 'command' || word === 'agent' || shellWords.has(word));

const isPollAction = (args: unknown): boolean => isRecord(args) && (args.action === 'poll' || args.action === 'wait');
