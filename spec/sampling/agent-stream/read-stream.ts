import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentEvent, AgentKind } from '#protocol/agent-events';
import type { Redactor } from '#redaction/redact';
import { createAgentTap } from '#sampling/agent-tap';

export const fixtureDir = join(process.cwd(), 'fixtures', 'agents');
export const plainRedactor: Redactor = { text: (text) => text, argv: (argv) => argv };

export interface ReadStream {
  readonly agentKind: AgentKind | null;
  readonly events: readonly AgentEvent[];
  of<Kind extends AgentEvent['kind']>(kind: Kind): readonly Extract<AgentEvent, { kind: Kind }>[];
}

/** Reads a whole stream, in pieces of `pieceBytes`, as the tap of a run would. */
export const readStream = (
  bytes: Buffer | string,
  {
    pieceBytes = 1_000_000,
    redact = plainRedactor,
    model = null,
    clock = 'arrival',
  }: {
    readonly pieceBytes?: number;
    readonly redact?: Redactor;
    readonly model?: string | null;
    readonly clock?: 'arrival' | 'record';
  } = {},
): ReadStream => {
  const tap = createAgentTap({ redact, model, clock });
  const whole = Buffer.from(bytes);
  for (let at = 0; at < whole.length; at += pieceBytes)
    tap.feed('stdout', whole.subarray(at, at + pieceBytes), 1_000 + at);
  tap.flush(1_000 + whole.length);
  const events = tap.take();
  return {
    agentKind: tap.agentKind,
    events,
    of: <Kind extends AgentEvent['kind']>(kind: Kind) =>
      events.filter((event): event is Extract<AgentEvent, { kind: Kind }> => event.kind === kind),
  };
};

export const readFixture = (name: string): Buffer => readFileSync(join(fixtureDir, name));
