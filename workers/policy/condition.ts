import { type ASTNode, type TypeError as CelTypeError, Environment, type ParseError } from '@marcbachmann/cel-js';
import { isSignalName, type SignalName, type SignalVector, signalNames, signals } from '#protocol/signals';
import { conditionUnits, type Reader, readerOf, type Scope } from './condition-reader.ts';
import { nearestName } from './nearest-name.ts';

/** A condition over signals. Where a signal is absent, a comparison with it is false: no data never fires. */
export interface Condition {
  readonly text: string;
  readonly reads: readonly SignalName[];
  holds(vector: SignalVector, acknowledged: boolean): boolean;
}

export type ConditionResult =
  | { readonly kind: 'compiled'; readonly condition: Condition }
  /** `offset` counts characters of the condition. */
  | { readonly kind: 'refused'; readonly offset: number; readonly message: string };

const longest = 2000;

/** `step` conditions stand in a ladder and may also ask whether a person has `acknowledged` the incident. */
export const compileCondition = (text: string, place: 'rule' | 'step'): ConditionResult => {
  if (text.length > longest) return refuse(0, `a condition has at most ${longest} characters, this has ${text.length}`);
  try {
    const parsed = environments[place].parse(text);
    const checked = parsed.check();
    if (!checked.valid) return explain(text, checked.error ?? null);
    if (checked.type !== 'bool')
      return refuse(
        0,
        `expected a condition (true or false), got ${sayType(checked.type ?? 'nothing')}; compare it with something`,
      );
    return fromSyntax(text, parsed.ast);
  } catch (error) {
    return explain(text, error);
  }
};

const fromSyntax = (text: string, ast: ASTNode): ConditionResult => {
  const reads = new Set<SignalName>();
  const made = readerOf(ast, (name) => reads.add(name));
  if (made.kind === 'refused') return refuse(made.node.start, made.message);
  const read: Reader = made.read;
  const scope: { -readonly [Key in keyof Scope]: Scope[Key] } = { vector: {}, acknowledged: false };
  const holds = (vector: SignalVector, acknowledged: boolean): boolean => {
    scope.vector = vector;
    scope.acknowledged = acknowledged;
    return read(scope) === true;
  };
  return { kind: 'compiled', condition: { text, reads: [...reads], holds } };
};

const createEnvironment = (): Environment => {
  const environment = new Environment({ unlistedVariablesAreDyn: false, limits: { maxAstNodes: 400, maxDepth: 24 } });
  for (const [name, schema] of Object.entries(signalSchema())) environment.registerVariable({ name, schema });
  for (const [name, value] of Object.entries(conditionUnits)) environment.registerConstant(name, 'int', BigInt(value));
  // CEL does not mix whole and broken numbers; people do, and all our signals are broken ones.
  for (const operator of ['+', '-', '*', '/', '==']) {
    environment.registerOperator(`double ${operator} int`, () => 0);
    if (operator !== '==') environment.registerOperator(`int ${operator} double`, () => 0);
  }
  return environment;
};

interface Schema {
  [name: string]: string | Schema;
}

/** `host.cpu.pct` is field `pct` of field `cpu` of variable `host`. */
const signalSchema = (): Readonly<Record<string, Schema>> => {
  const roots: Record<string, Schema> = {};
  for (const name of signalNames) {
    const [root = '', ...fields] = name.split('.');
    const last = fields.pop() ?? '';
    let schema: Schema = roots[root] ?? {};
    roots[root] = schema;
    for (const field of fields) {
      const inner = schema[field] ?? {};
      schema[field] = inner;
      if (typeof inner === 'object') schema = inner;
    }
    schema[last] = signals[name].unit === 'text' ? 'string' : 'double';
  }
  return roots;
};

const environments = {
  rule: createEnvironment(),
  step: createEnvironment().registerVariable('acknowledged', 'bool'),
} as const;

const refuse = (offset: number, message: string): ConditionResult => ({ kind: 'refused', offset, message });

const explain = (text: string, error: unknown): ConditionResult => {
  if (!isCelError(error)) throw error;
  const offset = error.range?.start ?? 0;
  if (error.code === 'unknown_variable' || error.code === 'no_such_key') return unknownName(text, offset);
  if (/^not\s/.test(text.trimStart())) return refuse(0, 'expected an operator; write ! for "not"');
  const summary = error.summary
    .replaceAll(/\$[\w.]+/g, 'a group of signals')
    .replace(/^./, (first) => first.toLowerCase());
  return refuse(offset, summary.replaceAll(/\bdouble\b|\bint\b/g, 'number').replaceAll(/\bstring\b/g, 'text'));
};

const isCelError = (error: unknown): error is ParseError | CelTypeError =>
  error instanceof Error && 'code' in error && 'summary' in error;

const unknownName = (text: string, offset: number): ConditionResult => {
  const before = /[A-Za-z_][\w.]*$/.exec(text.slice(0, offset))?.[0] ?? '';
  const after = /^[\w.]*/.exec(text.slice(offset))?.[0] ?? '';
  const name = before + after;
  const near = nearestName(name, name.includes('.') ? signalNames : [...signalNames, ...Object.keys(conditionUnits)]);
  const what = name.includes('.') || near?.includes('.') ? 'signal' : 'name';
  const hint = near === null ? 'flowforge policy signals lists what there is' : `Did you mean ${describeName(near)}?`;
  return refuse(offset - before.length, `unknown ${what} "${name}". ${hint}`);
};

const describeName = (name: string): string => {
  if (!isSignalName(name)) return name;
  const { unit } = signals[name];
  return `${name} (${name.startsWith('cpu.') && unit === 'pct' ? 'percent of one core' : unitWords[unit]})`;
};

const unitWords = {
  pct: 'percent',
  bytes: 'bytes',
  'bytes/s': 'bytes per second',
  s: 'seconds',
  count: 'a count',
  'count/s': 'per second',
  usd: 'US dollars',
  ratio: 'a ratio',
  level: '0 none, 1 observe, 2 warn, 3 act',
  text: 'text',
} as const;

const sayType = (type: string): string => {
  if (type === 'double' || type === 'int') return 'a number';
  if (type === 'string') return 'a text';
  return type.startsWith('$') ? 'a group of signals' : type;
};
