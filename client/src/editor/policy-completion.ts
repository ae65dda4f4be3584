import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { signalNames, signals } from '#protocol/signals';
import { kindOf, type Schema, shapesAt, wordsOf } from './schema-walk.ts';
import { nowWords, type Reading, unitOf, units } from './signal-words.ts';
import { placeAt, type YamlPlace } from './yaml-place.ts';

export interface PolicyKnowledge {
  readonly schema: Schema;
  readonly shipped: readonly string[];
  readonly readings: () => readonly Reading[];
}

const conditionKeys = ['when', 'unless', 'if'];
const templateKeys = ['summary', 'message'];

/** Keys and words from the schema, signals and units in conditions, the names of what ships after `extends`. */
export const completePolicy =
  (knowledge: PolicyKnowledge) =>
  (context: CompletionContext): CompletionResult | null => {
    const { state, pos } = context;
    const line = state.doc.lineAt(pos);
    const word = context.matchBefore(/[\w.-]*/);
    const from = word?.from ?? pos;
    if (from === pos && !context.explicit && !/[\s[{,(]$/.test(line.text.slice(0, pos - line.from))) return null;
    const place = placeAt(state.doc.toString().split('\n'), line.number - 1, pos - line.from);
    const options = optionsAt(place, { knowledge, before: line.text.slice(0, from - line.from) });
    return options.length === 0 ? null : { from, options, validFor: /^[\w.-]*$/ };
  };

const optionsAt = (
  place: YamlPlace,
  { knowledge, before }: { readonly knowledge: PolicyKnowledge; readonly before: string },
): readonly Completion[] => {
  const last = place.path.at(-1) ?? '';
  if (place.kind === 'key') return keyOptions(shapesAt(knowledge.schema, place.path), before);
  if (conditionKeys.includes(last)) return [...signalOptions(knowledge), ...unitOptions];
  if (templateKeys.includes(last)) return /\{\{\s*$/.test(before) ? signalOptions(knowledge) : [];
  if (place.path[0] === 'extends') return knowledge.shipped.map((label) => ({ label, type: 'class' }));
  const words = shapesAt(knowledge.schema, place.path).flatMap(wordsOf);
  return [...new Set(words)].map((label) => ({ label, type: 'enum' }));
};

const keyOptions = (shapes: readonly Schema[], before: string): readonly Completion[] => {
  const options = new Map<string, Completion>();
  for (const shape of shapes) {
    for (const [label, inner] of Object.entries(shape.properties ?? {})) {
      options.set(label, {
        label,
        type: 'property',
        detail: kindOf(inner),
        apply: `${label}: `,
        boost: shape.required?.includes(label) ? 1 : 0,
        ...(inner.description === undefined ? {} : { info: inner.description }),
      });
    }
  }
  // A bare word after a dash may be a map that begins or a plain item: only keys of maps are offered.
  return /[\w"']$/.test(before) ? [] : [...options.values()];
};

const signalOptions = ({ readings }: PolicyKnowledge): readonly Completion[] =>
  signalNames.map((label) => {
    const now = nowWords(label, readings());
    return {
      label,
      type: 'variable',
      detail: unitOf(label),
      info: now === '' ? signals[label].meaning : `${signals[label].meaning} · ${now}`,
    };
  });

const unitOptions: readonly Completion[] = Object.entries(units).map(([label, info]) => ({
  label,
  type: 'constant',
  detail: 'unit',
  info,
  boost: -1,
}));
