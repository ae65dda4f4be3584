import { isRecord } from './json-record.ts';
import { commandOf } from './shell-command.ts';

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

/** Where a command of a shell line begins: at the start, after an operator, or inside a loop or a branch. */
const commandStart = String.raw`(?:^|[;&|({\n]|\b(?:do|then|else)\s)\s*`;
const mutatingShell = new RegExp(
  String.raw`${commandStart}(?:sudo\s+)?(?:rm|mv|cp|mkdir|touch|tee|chmod|chown|ln|patch|dd|sed\s+-i|perl\s+-p?i|git\s+(?:-\S+\s+\S+\s+)?(?:add|commit|checkout|switch|merge|rebase|apply|stash|reset|push|pull|clone|rm|mv|restore|cherry-pick|revert|am|tag)|(?:npm|pnpm|yarn|pip3?|uv|cargo|go|apt|apt-get|brew|gem|poetry)\s+(?:install|i|ci|add|remove|uninstall|get|init))\b`,
);
/** A redirection into a file; `2>&1` and /dev/null write nothing. */
const redirects = /(?:^|[^0-9&>=-])>{1,2}\s*(?!&|\/dev\/null)[\w./~"'$-]/;
const onlySleeps =
  /^\s*(?:(?:sleep|wait)\b[^;&|\n]*|time\.sleep\([^)]*\)|import time)(?:\s*(?:;|&&|\n)\s*(?:(?:sleep|wait)\b[^;&|\n]*|time\.sleep\([^)]*\)|echo\b[^;&|\n]*|true))*\s*$/;
/** A pause anywhere in a command: what it asks after or before it is asked again on purpose. */
const sleeps = new RegExp(
  String.raw`${commandStart}(?:(?:sleep|Start-Sleep)\s+(?:-\w+\s+)*["']?[\d$]|wait\b)|\btime\.sleep\(`,
);

// Words of tools, and of commands, that ask how something is doing that goes on without the agent.
const watchingWords = new Set('poll status monitor watch progress health await'.split(' '));
// A working copy changes by what the agent itself does: to ask for its status again is to repeat oneself.
const ownThings = new Set('git hg svn jj todo todos file files'.split(' '));
// A step through a page or a history: it takes no input, and says the same each time though it leads elsewhere.
const steppingWords = new Set('scroll swipe press keypress undo redo'.split(' '));
const waitingActions = new Set('poll wait status scroll swipe press key keypress'.split(' '));
/** Programs whose words are text or targets of their own, not questions to a service. */
const ownPrograms =
  'git|hg|svn|jj|cat|less|more|head|tail|grep|rg|ag|sed|awk|echo|printf|find|fd|ls|cd|vim?|man|which|wc|sort|diff|test|make|just|npm|npx|pnpm|yarn|bun|node|deno|python[\\d.]*|ruby|perl|php|cargo|go|java|bash|sh';
/** `gh run view 7`, `systemctl status hen`, `kubectl rollout status`, `docker ps`: a program, its subject, the question. */
const asksStatus = new RegExp(
  String.raw`${commandStart}(?:sudo\s+)?(?!(?:${ownPrograms})\s)[\w./-]+(?:\s+-\S+)*(?:\s+[a-z][\w-]*){0,2}?\s+(?:status|view|watch|monitor|wait|checks|describe|ps|top|is-active)(?=\s|$|[|;&])`,
);

/** What a call does to the world, as far as its name and arguments tell. */
export const effectOf = (tool: string, args: unknown): CallEffect => {
  const words = wordsOf(tool);
  const waits = waitOf(words, args);
  const command = words.some((word) => shellWords.has(word)) ? commandOf(args) : null;
  return {
    waits,
    mutates:
      waits !== 'sleep' &&
      (command === null
        ? waits === false && mutatesByName(words)
        : mutatingShell.test(command) || redirects.test(command)),
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

const waitOf = (words: readonly string[], args: unknown): CallEffect['waits'] => {
  if (words.includes('sleep') || words.includes('wait')) return 'sleep';
  if (isOutputReader(words) || isWatching(words) || words.some((word) => steppingWords.has(word))) return 'poll';
  if (isRecord(args) && typeof args.action === 'string' && waitingActions.has(args.action)) return 'poll';
  if (words.includes('stdin') && isRecord(args) && (args.chars ?? args.input ?? '') === '') return 'sleep';
  const command = words.some((word) => shellWords.has(word)) ? commandOf(args) : null;
  if (command === null) return false;
  // An empty command is how some agents go on waiting for the one that still runs.
  if (command.trim() === '' || onlySleeps.test(command)) return 'sleep';
  return sleeps.test(command) || asksStatus.test(command) ? 'poll' : false;
};

/** BashOutput, TaskOutput, get_command_output, shell_output: they read what something else writes. */
const isOutputReader = (words: readonly string[]): boolean =>
  words.at(-1) === 'output' &&
  words.some((word) => word === 'task' || word === 'command' || word === 'agent' || shellWords.has(word));

const isWatching = (words: readonly string[]): boolean =>
  words.some((word) => watchingWords.has(word)) &&
  !words.some((word) => ownThings.has(word) || mutatingWords.has(word));
