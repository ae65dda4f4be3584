/** `NAME=value` lines; quotes around a value are taken off, comments and blank lines are passed over. */
export const readAssignments = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split('\n').flatMap((line) => {
      const match = /^\s*(?:export\s+)?([A-Z_][A-Z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line);
      return match?.[1] === undefined ? [] : [[match[1], (match[2] ?? '').replace(/^(["'])(.*)\1$/, '$2')] as const];
    }),
  );

const ourNames = ['API_KEY', 'ALLOWED_ORIGIN', 'BIND_HOST'] as const;
// A key of one of these in our file is meant for somebody else's API and must not become the key of ours.
const othersNames =
  /^(OPENAI|ANTHROPIC|GEMINI|GOOGLE|AZURE|MISTRAL|GROQ|OPENROUTER|DEEPSEEK|COHERE|XAI|AWS|GITHUB|HF)_/;

/** Renames `<OLD>_API_KEY` and its kin to `FLOWFORGE_*` where the new name is not there yet; every other line is kept. */
export const migrateLegacyNames = (text: string): { readonly text: string; readonly renamed: readonly string[] } => {
  const renamed: string[] = [];
  const taken = new Set(readAssignments(text).keys());
  const lines = text.split('\n').map((line) => {
    const match = /^(\s*(?:export\s+)?)([A-Z][A-Z0-9_]*?)_(API_KEY|ALLOWED_ORIGIN|BIND_HOST)(\s*=.*)$/.exec(line);
    const subject = ourNames.find((name) => name === match?.[3]);
    if (match === null || subject === undefined || othersNames.test(`${match[2]}_`)) return line;
    const target = `FLOWFORGE_${subject}`;
    if (taken.has(target)) return line;
    taken.add(target);
    renamed.push(`${match[2]}_${subject}`);
    return `${match[1]}${target}${match[4]}`;
  });
  return { text: lines.join('\n'), renamed };
};
