import { stripAnsi } from './mask-volatile.ts';
import type { ParserFactory } from './stream-parser.ts';

/** A first line that only aider prints. */
export const looksLikeAider = (line: string): boolean =>
  /^Aider v\d/.test(line) || /^Tokens: [\d.]+[kM]? sent, /.test(line);

const tokens =
  /^Tokens: ([\d.]+[kM]?) sent(?:, ([\d.]+[kM]?) cache write)?(?:, ([\d.]+[kM]?) cache hit)?, ([\d.]+[kM]?) received\.(?: Cost: \$([\d.]+) message, \$([\d.]+) session\.)?/;

/** aider has no JSON stream: its text lines say tokens, cost, edits, questions and retries. */
export const parseAider: ParserFactory = (writer, { agentKind, model: givenModel }) => {
  let model = givenModel;
  let hasStarted = false;
  let messages = 0;
  let edits = 0;

  const readTokens = (found: RegExpExecArray): void => {
    const cacheRead = amount(found[3]);
    const cacheWrite5m = amount(found[2]);
    // "sent" is all that went out; what was read from or written to the cache is named inside it.
    const input = Math.max(0, amount(found[1]) - cacheRead - cacheWrite5m);
    const reportedUsd = found[5] === undefined ? null : Number(found[5]);
    writer.used(
      `message-${++messages}`,
      { input, output: amount(found[4]), cacheRead, cacheWrite5m, cacheWrite1h: 0 },
      { model, reportedUsd },
    );
    writer.noted('turn-ended');
  };

  return {
    record: () => undefined,
    line: (raw, atMs) => {
      const line = stripAnsi(raw).trimEnd();
      writer.at(atMs, 'main');
      const named = /^(?:Main )?[Mm]odel: (\S+)/.exec(line);
      if (named !== null) model = named[1] ?? model;
      if (!hasStarted) writer.started(agentKind, model);
      hasStarted = true;
      const spent = tokens.exec(line);
      if (spent !== null) return readTokens(spent);
      const edited = /^Applied edit to (.+)$/.exec(line);
      if (edited !== null) {
        const callId = `edit-${++edits}`;
        writer.called({ callId, round: null, tool: 'edit', args: { path: edited[1], edit: edits } });
        return writer.returned({ callId, ok: true, output: line });
      }
      if (/\(Y\)es\/\(N\)o/.test(line)) return writer.asked(line);
      if (/\blitellm\.\w+Error\b/.test(line)) return writer.requestFailed(line, /RateLimit/.test(line) ? 429 : null);
      writer.streamed(`${line}\n`);
    },
  };
};

const amount = (text: string | undefined): number => {
  if (text === undefined) return 0;
  const factor = text.endsWith('k') ? 1_000 : text.endsWith('M') ? 1_000_000 : 1;
  return Math.round(Number.parseFloat(text) * factor);
};
