import { type CallWords, withoutOwnWords } from './call-words.ts';
import { hash53 } from './hash53.ts';
import { maskNumbers, maskVolatile } from './mask-volatile.ts';

export interface ResultShape {
  readonly resultHash: number;
  readonly errorHash: number | null;
  readonly isAbsence: boolean;
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

// What says how a command ended, and nothing of why.
const bareCode =
  /^\W*(?:(?:command |process )?(?:failed|exited|returned|error)?:?\s*(?:with )?(?:non-zero )?(?:exit )?(?:code|status)\W*\d+)?\W*$/i;
// "not found", "no such file": short, and of data. That a tool or a command is missing is an error like any other.
const absence =
  /\bnot found\b|\bno such\b|\b(?:does not|doesn't|did not|do not) (?:exist|match)|\bno (?:match(?:es|ing)?|results?|hits?|entries|records?)\b|\bnothing (?:was )?found|\b(?:cannot|can't|could not|couldn't) find|\bnon-?existent\b|\bunknown (?:name|key|id|host)\b/i;
const absentMeans =
  /\b(?:tools?|functions?|commands?|methods?|servers?|modules?|packages?|permissions?|parameters?)\b/i;
const absenceChars = 120;

/** `call`: whose result it is, where that is known. */
export const shapeResult = (output: string, ok: boolean, call: CallWords = noWords): ResultShape => {
  const kept = output.length > 2 * keptEnd ? `${output.slice(0, keptEnd)}\n…\n${output.slice(-keptEnd)}` : output;
  const masked = maskVolatile(kept);
  return {
    resultHash: hash53(masked),
    errorHash: errorOf(kept, ok, call),
    isAbsence: !ok && masked.length <= absenceChars && absence.test(masked) && !absentMeans.test(masked),
    isEmpty: noOutput.test(masked),
  };
};

const errorOf = (output: string, ok: boolean, call: CallWords): number | null => {
  if (!ok) return saysNothing(output) ? null : hashOf(output.slice(0, errorChars), call);
  const found = printedError.exec(output.slice(-errorChars));
  return found === null || bareCode.test(found[0]) ? null : hashOf(found[0], call);
};

const noWords: CallWords = { tool: '', given: [] };
const hashOf = (error: string, call: CallWords): number => hash53(maskNumbers(withoutOwnWords(error, call)));

const saysNothing = (output: string): boolean =>
  output.length < absenceChars && output.split('\n').every((line) => bareCode.test(line) || noOutput.test(line.trim()));
