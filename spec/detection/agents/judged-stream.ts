import { createAgentDetectors } from '#detection/agent-detectors';
import type { FindingLevel } from '#protocol/judgement';
import { readStream } from '../../sampling/agent-stream/read-stream.ts';

export type Told = Readonly<Record<string, unknown>>;

const order = ['none', 'observe', 'warn', 'act'] as const;

/** The highest level that any detector (or the one named) reached over an agent's stream, told in its own format. */
export const judgedStream = (
  records: readonly Told[],
  { detector, clock = 'arrival' }: { readonly detector?: string; readonly clock?: 'arrival' | 'record' } = {},
): FindingLevel | 'none' => {
  const detectors = createAgentDetectors();
  let highest = 0;
  for (const event of readStream(records.map((record) => JSON.stringify(record)).join('\n'), { clock }).events) {
    detectors.observe([event]);
    for (const finding of detectors.findings(event.atMs)) {
      if (detector === undefined || finding.detector === detector)
        highest = Math.max(highest, order.indexOf(finding.level));
    }
  }
  return order[highest] ?? 'none';
};

export const times = (count: number, tell: (index: number) => readonly Told[]): readonly Told[] =>
  Array.from({ length: count }, (_, index) => tell(index)).flat();

export const codexBegan: readonly Told[] = [
  { type: 'thread.started', thread_id: 'garden-thread' },
  { type: 'turn.started' },
];

/** A shell command of Codex: begun, and done. */
export const codexRan = (
  id: string,
  command: string,
  { output = '', code = 0 }: { readonly output?: string; readonly code?: number } = {},
): readonly Told[] => {
  const item = { id, type: 'command_execution', command };
  return [
    { type: 'item.started', item: { ...item, status: 'in_progress' } },
    {
      type: 'item.completed',
      item: { ...item, aggregated_output: output, exit_code: code, status: code === 0 ? 'completed' : 'failed' },
    },
  ];
};

export const codexEdited = (id: string, path: string, status = 'completed'): readonly Told[] => [
  { type: 'item.completed', item: { id, type: 'file_change', changes: [{ path, kind: 'update' }], status } },
];

export const claudeBegan: readonly Told[] = [
  { type: 'system', subtype: 'init', session_id: 'shed', model: 'claude-haiku-4-5' },
];

/** A call of Claude Code and its result. */
export const claudeDid = (
  id: string,
  name: string,
  { input, output, isError = false }: { readonly input: unknown; readonly output: string; readonly isError?: boolean },
): readonly Told[] => [
  { type: 'assistant', message: { id: `msg-${id}`, content: [{ type: 'tool_use', id, name, input }] } },
  {
    type: 'user',
    message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: output, is_error: isError }] },
  },
];
