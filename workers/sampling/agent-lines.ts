const newline = 0x0a;
const openingBrace = 0x7b;
const space = 0x20;
const tab = 0x09;
const carriageReturn = 0x0d;

/**
 * The output of a recognised agent without its JSON lines: each becomes an empty line, so that line numbers stay true
 * while line detectors never see what the agent detectors understand better.
 */
export interface AgentLines {
  strip(chunk: Buffer): Buffer;
}

export const createAgentLines = (): AgentLines => {
  let state: 'line-start' | 'text' | 'json' = 'line-start';
  return {
    strip: (chunk) => {
      const kept = Buffer.allocUnsafe(chunk.length);
      let length = 0;
      let at = 0;
      // Lines of text that follow one another are copied at once.
      let textFrom = 0;
      const copyText = (to: number): void => {
        if (to > textFrom) length += chunk.copy(kept, length, textFrom, to);
      };
      while (at < chunk.length) {
        if (state === 'line-start') {
          const byte = chunk[at];
          if (byte === space || byte === tab || byte === carriageReturn) {
            copyText(at);
            textFrom = ++at;
            continue;
          }
          if (byte !== newline) state = byte === openingBrace ? 'json' : 'text';
        }
        const end = chunk.indexOf(newline, at);
        const stop = end === -1 ? chunk.length : end;
        if (state === 'json') {
          copyText(at);
          textFrom = stop;
        }
        if (end !== -1) state = 'line-start';
        at = stop + (end === -1 ? 0 : 1);
      }
      copyText(chunk.length);
      return kept.subarray(0, length);
    },
  };
};
