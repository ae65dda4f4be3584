/** Units a signal may have. `pct` of CPU is percent of one core. */
export type SignalUnit = 'pct' | 'bytes' | 'bytes/s' | 's' | 'count' | 'count/s' | 'usd' | 'ratio' | 'level' | 'text';
export type SignalSource = 'process' | 'host' | 'output' | 'progress' | 'agent' | 'run';

export interface SignalDefinition {
  readonly unit: SignalUnit;
  readonly source: SignalSource;
  readonly meaning: string;
}

const signal = (unit: SignalUnit, source: SignalSource, meaning: string): SignalDefinition => ({
  unit,
  source,
  meaning,
});

/**
 * Every number or word a rule may speak of. The policy type-checker, the documents, the dashboard, the recorder and
 * Prometheus read this table and no other. A signal without a value is absent from the vector, and a comparison with
 * an absent signal is false: no data never fires.
 */
export const signals = {
  'cpu.pct': signal('pct', 'process', 'CPU of the whole tree over the last sample, percent of one core'),
  'cpu.pct_10s': signal('pct', 'process', 'CPU of the whole tree, mean of the last 10 seconds'),
  'cpu.demand_pct': signal(
    'pct',
    'process',
    'CPU that the tree used or waited for while others had the cores, mean of the last 10 seconds',
  ),
  'mem.rss': signal('bytes', 'process', 'resident memory of the whole tree'),
  'mem.growth': signal('bytes/s', 'process', 'growth of resident memory over the last 10 seconds'),
  'mem.floor_growth': signal(
    'bytes/s',
    'process',
    'slope of the memory floor while it keeps rising; 0 when it does not',
  ),
  'mem.time_to_limit': signal('s', 'process', 'seconds until the memory limit at the floor slope'),
  'mem.share_of_used_pct': signal('pct', 'process', 'share of the memory in use on this host that this run holds'),
  'mem.trend_level': signal('level', 'process', 'memory trend: 0 none, 1 observe, 2 warn, 3 act'),
  'procs.count': signal('count', 'process', 'live processes in the tree'),
  'procs.zombies': signal('count', 'process', 'zombie processes in the tree'),
  'procs.spawned_1m': signal('count', 'process', 'processes first seen in the last minute'),
  'procs.spawn_rate': signal('count/s', 'process', 'net growth of the process count over the last 5 seconds'),
  'procs.threads': signal('count', 'process', 'threads of all processes of the tree'),
  'procs.fds': signal('count', 'process', 'open descriptors of the main process'),
  'disk.read_rate': signal('bytes/s', 'process', 'bytes read from storage per second'),
  'disk.write_rate': signal('bytes/s', 'process', 'bytes written to storage per second'),
  'disk.written': signal('bytes', 'process', 'bytes written to storage since the start'),
  'disk.written_10m': signal('bytes', 'process', 'bytes written to storage in the last 10 minutes'),
  'host.cpu.pct': signal('pct', 'host', 'CPU of the host, percent of all cores'),
  'host.load1': signal('count', 'host', 'load average of one minute'),
  'host.mem.available': signal('bytes', 'host', 'memory that the host can still give'),
  'host.mem.available_pct': signal('pct', 'host', 'memory that the host can still give, percent of all'),
  'host.disk.free': signal('bytes', 'host', 'free space where FlowForge keeps its home'),
  'output.lines': signal('count', 'output', 'lines written since the start'),
  'output.bytes': signal('bytes', 'output', 'bytes written since the start'),
  'output.line_rate': signal('count/s', 'output', 'lines per second over the last 5 seconds'),
  'output.byte_rate': signal('bytes/s', 'output', 'bytes per second over the last 5 seconds'),
  'output.age': signal('s', 'output', 'seconds since the last byte of output'),
  'output.period': signal('count', 'output', 'lines in the block that repeats; 0 when nothing repeats'),
  'output.cycles': signal('count', 'output', 'how often that block has come around'),
  'output.repeat_lines': signal('count', 'output', 'lines covered by the repetition (period x cycles)'),
  'output.repeat_span': signal('s', 'output', 'seconds that the repetition has lasted'),
  'output.repeat_level': signal('level', 'output', 'line repetition: 0 none, 1 observe, 2 warn, 3 act'),
  'output.failing_level': signal('level', 'output', 'flood of failing lines: 0 none, 1 observe, 2 warn, 3 act'),
  'output.flood_level': signal('level', 'output', 'volume of output: 0 none, 1 observe, 2 warn, 3 act'),
  'output.lag': signal('bytes', 'output', 'bytes written but not yet read by FlowForge'),
  'progress.age': signal('s', 'progress', 'seconds since the newest evidence of progress'),
  'progress.share_pct': signal('pct', 'progress', 'share that the job itself reported as done'),
  'stall.age': signal('s', 'progress', 'seconds without output, CPU, I/O, new processes or a heartbeat'),
  'stall.level': signal('level', 'progress', 'stall against what is open: 0 none, 1 observe, 2 warn, 3 act'),
  'run.age': signal('s', 'run', 'seconds since the start, pauses left out'),
  'run.restarts': signal('count', 'run', 'restarts of this job in its window'),
  'limit.cpu_pct': signal('pct', 'run', 'the CPU threshold of this run (profile or --max-cpu)'),
  'limit.mem_bytes': signal('bytes', 'run', 'the memory limit of this run (--max-mem or policy)'),
  'limit.wall_s': signal('s', 'run', 'the wall-time limit of this run (--timeout or policy)'),
  'limit.log_window': signal('count', 'run', 'fewest lines that a repetition must cover (profile)'),
  'agent.state': signal('text', 'agent', 'none, working, tool, sub_agent, needs_input, idle, finished or failed'),
  'tools.name': signal('text', 'agent', 'name of the tool in the current repetition'),
  'tools.calls': signal('count', 'agent', 'tool calls since the start'),
  'tools.repeats': signal('count', 'agent', 'times the same call came back with the same result'),
  'tools.error_streak': signal('count', 'agent', 'tool calls that failed in a row'),
  'tools.loop_level': signal('level', 'agent', 'tool loops of any kind: 0 none, 1 observe, 2 warn, 3 act'),
  'text.loop_level': signal('level', 'agent', 'repeated or degenerate model text: 0 none, 1 observe, 2 warn, 3 act'),
  'thinking.level': signal('level', 'agent', 'tokens without a call or a message: 0 none, 1 observe, 2 warn, 3 act'),
  'agents.active': signal('count', 'agent', 'sub-agents at work'),
  'agents.depth': signal('count', 'agent', 'deepest nesting of sub-agents'),
  'agents.spawned_5m': signal('count', 'agent', 'sub-agents started in the last 5 minutes'),
  'agents.fanout_level': signal('level', 'agent', 'explosion of sub-agents: 0 none, 1 observe, 2 warn, 3 act'),
  'context.compactions_10m': signal('count', 'agent', 'context compactions in the last 10 minutes'),
  'api.errors_1m': signal('count', 'agent', 'failed model requests in the last minute'),
  'api.success_1m': signal('count', 'agent', 'answered model requests in the last minute'),
  'tokens.total': signal('count', 'agent', 'tokens of all kinds since the start'),
  'tokens.output': signal('count', 'agent', 'tokens that the model wrote since the start'),
  'cost.usd': signal('usd', 'agent', 'cost since the start; absent while no token could be priced'),
  'cost.usd_10m': signal('usd', 'agent', 'cost in the last 10 minutes'),
  'cost.basis': signal('text', 'agent', 'how the cost is known: reported, computed or unpriced'),
  'fleet.usd_hour': signal('usd', 'agent', 'cost of all jobs together since the hour began'),
  'fleet.tokens_hour': signal('count', 'agent', 'tokens of all jobs together since the hour began'),
  'fleet.usd_day': signal('usd', 'agent', 'cost of all jobs together since midnight'),
  'fleet.tokens_day': signal('count', 'agent', 'tokens of all jobs together since midnight'),
  'fleet.usd_week': signal('usd', 'agent', 'cost of all jobs together since Monday'),
  'fleet.tokens_week': signal('count', 'agent', 'tokens of all jobs together since Monday'),
  'fleet.usd_month': signal('usd', 'agent', 'cost of all jobs together since the first of the month'),
  'fleet.tokens_month': signal('count', 'agent', 'tokens of all jobs together since the first of the month'),
  'fleet.usd_window': signal('usd', 'agent', 'cost of all jobs together since the night window of the policy opened'),
  'fleet.tokens_window': signal(
    'count',
    'agent',
    'tokens of all jobs together since the night window of the policy opened',
  ),
  'fleet.basis': signal(
    'text',
    'agent',
    'how the cost of all jobs since midnight or nightfall is known: the least sure one counts',
  ),
  'fleet.top_burner': signal('count', 'agent', '1 where this run spends most of all that go on; absent otherwise'),
} as const satisfies Record<string, SignalDefinition>;

export type ListedSignal = keyof typeof signals;
/**
 * How many lines fitted the pattern of a `log_match` within its time, named by a hash of both. There are as many as policies
 * ask for, so they are no part of the table; no condition names them.
 */
export type LogSignal = `${typeof logSignalPrefix}${string}`;
export const logSignalPrefix = 'log.matches_';
export type SignalName = ListedSignal | LogSignal;
export const signalNames = Object.keys(signals) as ListedSignal[];
export const isSignalName = (name: string): name is ListedSignal => Object.hasOwn(signals, name);
export const isLogSignal = (name: string): name is LogSignal => name.startsWith(logSignalPrefix);

const logSignal = signal('count', 'output', 'lines that fitted the pattern of a log_match within its time');
export const definitionOf = (name: SignalName): SignalDefinition => (isLogSignal(name) ? logSignal : signals[name]);

/** The value of each known signal at one moment. Text signals hold strings, all others finite numbers. */
export type SignalVector = { readonly [Name in SignalName]?: number | string };
