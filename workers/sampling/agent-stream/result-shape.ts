import { hash53 } from './hash53.ts';
import { maskNumbers, maskVolatile } from './mask-volatile.ts';

export interface ResultShape {
  readonly resultHash: number;
  readonly errorHash: number | null;
  readonly isEmpty: boolean;
}

// Both ends of a long result say which result it is; the middle of a megabyte costs more than it tells.
const keptEnd = 16_384;
const errorChars = 2_048;

const noOutput =
  /^(?:\(?no (?:new )?(?:output|content)\)?\.?|\(empty\)|tool ran without output[^\n]*|\[?still running[^\n]*)?$/i;

// The last lines of a result that is no failure by its envelope but prints one: an exception, a shell's complaint, a code.
const printedError =
  /^(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception)\b.*$|^Traceback \(most recent call last\)|^(?:error|fatal|ERROR|FATAL)(?:\[\w+\])?: .*$|\b(?:command not found|No such file or directory|Permission denied)\s*$|\bexit(?:ed with)?(?: code)?:? [1-9]\d*\s*$/m;

export const shapeResult = (output: string, ok: boolean): ResultShape => {
  const kept = output.length > 2 * keptEnd ? `${output.slice(0, keptEnd)}\n…\n${output.slice(-keptEnd)}` : output;
  const masked = maskVolatile(kept);
  return {
    resultHash: hash53(masked),
    errorHash: errorOf(kept, ok),
    isEmpty: noOutput.test(masked),
  };
};

const errorOf = (output: string, ok: boolean): number | null => {
  if (!ok) return hash53(maskNumbers(output.slice(0, errorChars)));
  const found = printedError.exec(output.slice(-errorChars));
  return found === null ? null : hash53(maskNumbers(found[0]));
};
