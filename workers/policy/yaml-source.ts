import { isMap, isNode, isScalar, isSeq, parseDocument, type Scalar } from 'yaml';
import { type Problem, problemAt } from './problem.ts';
import { findExcess, sourceBounds } from './source-bounds.ts';

export type Path = readonly PropertyKey[];

/** A YAML text whose every value can be found again in it. */
export interface YamlSource {
  readonly path: string;
  readonly text: string;
  readonly value: unknown;
  /** A problem at the value of `at`, or at the key itself; `within` counts characters of a text value. */
  problem(at: Path, message: string, where?: { readonly key?: boolean; readonly within?: number }): Problem;
}

export type YamlResult =
  | { readonly kind: 'read'; readonly source: YamlSource }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** Bounds first: what is too large, too deep or full of aliases is never given to the parser. */
export const readYaml = (text: string, path: string): YamlResult => {
  const file = { path, text };
  const excess = findExcess(text);
  if (excess !== null)
    return { kind: 'refused', problems: [problemAt({ path, text: text.slice(0, sourceBounds.bytes) }, excess)] };
  const document = parseDocument(text, { prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors
      .slice(0, 5)
      .map((error) => problemAt(file, { offset: error.pos[0], message: `not YAML: ${error.message}` }));
    return { kind: 'refused', problems };
  }
  const root = document.contents;
  try {
    const value: unknown = document.toJS({ maxAliasCount: sourceBounds.aliases * 10 });
    const problem: YamlSource['problem'] = (at, message, where = {}) =>
      problemAt(file, { offset: offsetOf({ root, text }, at, where), message });
    return { kind: 'read', source: { path, text, value, problem } };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'refused', problems: [problemAt(file, { offset: 0, message: `not YAML: ${message}` })] };
  }
};

const offsetOf = (
  from: { readonly root: unknown; readonly text: string },
  at: Path,
  where: { readonly key?: boolean; readonly within?: number },
): number => {
  let node: unknown = from.root;
  let offset = startOf(node) ?? 0;
  for (const [depth, step] of at.entries()) {
    const isLast = depth === at.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === step);
      if (pair === undefined) return offset;
      offset = startOf(isLast && where.key === true ? pair.key : (pair.value ?? pair.key)) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = startOf(node) ?? offset;
    } else return offset;
  }
  return offset + (isScalar(node) && where.key !== true ? insideScalar(node, from.text, where.within ?? 0) : 0);
};

const startOf = (node: unknown): number | null => (isNode(node) ? (node.range?.[0] ?? null) : null);

/** Characters of the value stand where they do in the text unless quotes escape or lines fold; then its start must do. */
const insideScalar = (scalar: Scalar, text: string, within: number): number => {
  if (within === 0 && scalar.type === 'PLAIN') return 0;
  const [start = 0, end = 0] = scalar.range ?? [];
  const quoted = scalar.type === 'QUOTE_DOUBLE' || scalar.type === 'QUOTE_SINGLE';
  const inner = quoted ? text.slice(start + 1, end - 1) : text.slice(start, end);
  return inner === scalar.value ? within + (quoted ? 1 : 0) : 0;
};
