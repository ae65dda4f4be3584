import { type AgentDetectors, createAgentDetectors } from '#detection/agent-detectors';
import type { AgentEvent } from '#protocol/agent-events';
import type { Finding, FindingLevel } from '#protocol/judgement';
import { createNormalisedReader } from '#sampling/agent-stream/normalised-events';

const startMs = 1_760_000_000_000;
const stepMs = 1_000;

type Told = Readonly<Record<string, unknown>>;

/** Tells an agent's story as normalised events, a second apart, and listens to what the detectors make of it. */
export class AgentStory {
  readonly detectors: AgentDetectors = createAgentDetectors();
  readonly events: AgentEvent[] = [];
  nowMs = startMs;
  #reader = createNormalisedReader({
    redact: { text: (text) => text, argv: (argv) => argv },
    model: 'claude-haiku-4-5',
  });
  #calls = 0;
  #highest = new Map<string, FindingLevel>();

  tell(record: Told, afterMs = stepMs): this {
    this.nowMs += afterMs;
    this.#reader.read(record, this.nowMs);
    return this.#listen();
  }

  /** A call and its result. */
  does(
    name: string,
    args: unknown,
    output: string,
    how: { readonly ok?: boolean; readonly agent?: string; readonly details?: string } = {},
  ): this {
    const id = `call-${++this.#calls}`;
    const agent = how.agent ?? 'main';
    this.tell({ t: 'tool_call', id, name, args, agent });
    return this.tell({ t: 'tool_result', id, name, ok: how.ok ?? true, output, agent });
  }

  /** A call whose result never shows. */
  calls(name: string, args: unknown): this {
    return this.tell({ t: 'tool_call', id: `call-${++this.#calls}`, name, args });
  }

  /** Parallel calls of one model turn with their results. */
  round(...calls: readonly (readonly [string, unknown, string])[]): this {
    this.tell({ t: 'round' });
    const ids = calls.map(() => `call-${++this.#calls}`);
    for (const [index, [name, args]] of calls.entries()) this.tell({ t: 'tool_call', id: ids[index], name, args });
    for (const [index, [name, , output]] of calls.entries()) {
      this.tell({ t: 'tool_result', id: ids[index], name, ok: true, output });
    }
    return this;
  }

  times(count: number, tell: (story: this, index: number) => unknown): this {
    for (let index = 0; index < count; index++) tell(this, index);
    return this;
  }

  end(): this {
    this.#reader.end(this.nowMs);
    return this.#listen();
  }

  findings(): readonly Finding[] {
    return this.detectors.findings(this.nowMs);
  }

  /** The highest level that a detector (or any) reached so far. */
  level(detector?: string): FindingLevel | 'none' {
    const order = ['none', 'observe', 'warn', 'act'] as const;
    const reached = [...this.#highest]
      .filter(([name]) => detector === undefined || name === detector)
      .map(([, level]) => level);
    return order.findLast((level) => level !== 'none' && reached.includes(level)) ?? 'none';
  }

  #listen(): this {
    const events = this.#reader.take();
    this.events.push(...events);
    this.detectors.observe(events);
    const rank = { observe: 1, warn: 2, act: 3 };
    for (const finding of this.findings()) {
      const before = this.#highest.get(finding.detector);
      if (before === undefined || rank[finding.level] > rank[before])
        this.#highest.set(finding.detector, finding.level);
    }
    return this;
  }
}

export const story = (): AgentStory => new AgentStory();
