import type { ASTNode } from '@marcbachmann/cel-js';
import { isSignalName, type SignalName, type SignalVector } from '#protocol/signals';

export interface Scope {
  readonly vector: SignalVector;
  readonly acknowledged: boolean;
}
/** null is the value of an absent signal, and of all that is computed from one. */
type Value = number | string | boolean | null;
export type Reader = (scope: Scope) => Value;

export type ReaderResult =
  | { readonly kind: 'made'; readonly read: Reader }
  | { readonly kind: 'refused'; readonly node: ASTNode; readonly message: string };

/**
 * Turns a type-checked CEL tree into closures: a rule is evaluated for each run on each tick, and CEL itself has no
 * word for an absent signal. Calls and comprehensions are refused, so a condition costs what it shows.
 */
export const readerOf = (node: ASTNode, onSignal: (name: SignalName) => void): ReaderResult => {
  try {
    return { kind: 'made', read: make(node, onSignal) };
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', node: error.node, message: error.message };
    throw error;
  }
};

class Refusal extends Error {
  readonly node: ASTNode;
  constructor(node: ASTNode, message: string) {
    super(message);
    this.node = node;
  }
}

const make = (node: ASTNode, onSignal: (name: SignalName) => void): Reader => {
  const of = (inner: ASTNode): Reader => make(inner, onSignal);
  switch (node.op) {
    case 'value':
      return literal(node, node.args);
    case 'id':
    case '.':
      return named(node, onSignal);
    case '&&': {
      const [left, right] = [of(node.args[0]), of(node.args[1])];
      return (scope) => left(scope) === true && right(scope) === true;
    }
    case '||': {
      const [left, right] = [of(node.args[0]), of(node.args[1])];
      return (scope) => left(scope) === true || right(scope) === true;
    }
    case '!_': {
      const inner = of(node.args);
      return (scope) => inner(scope) !== true;
    }
    case '-_': {
      const inner = of(node.args);
      return (scope) => numeric(inner(scope), 0, (value) => -value);
    }
    case '?:': {
      const [test, yes, no] = [of(node.args[0]), of(node.args[1]), of(node.args[2])];
      return (scope) => (test(scope) === true ? yes(scope) : no(scope));
    }
    case 'in':
      return membership(node.args[0], node.args[1], of);
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return comparison(node.op, of(node.args[0]), of(node.args[1]));
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return arithmetic(node.op, of(node.args[0]), of(node.args[1]));
    default:
      throw new Refusal(node, 'only comparisons, arithmetic, && || ! ?: and "in" are allowed in a condition');
  }
};

const literal = (node: ASTNode, value: unknown): Reader => {
  if (typeof value === 'bigint') return () => Number(value);
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return () => value;
  throw new Refusal(node, 'expected a number, a text or true/false');
};

/** Units of a condition: signals stand in base units, so `15*m` is seconds and `5*GiB` bytes. */
export const conditionUnits: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

const named = (node: ASTNode, onSignal: (name: SignalName) => void): Reader => {
  const name = dottedName(node);
  if (name === 'acknowledged') return (scope) => scope.acknowledged;
  const unit = Object.hasOwn(conditionUnits, name) ? conditionUnits[name] : undefined;
  if (unit !== undefined) return () => unit;
  if (!isSignalName(name)) throw new Refusal(node, `"${name}" is a group of signals, expected one of them`);
  onSignal(name);
  return (scope) => scope.vector[name] ?? null;
};

const dottedName = (node: ASTNode): string => {
  if (node.op === 'id') return node.args;
  if (node.op === '.') return `${dottedName(node.args[0])}.${node.args[1]}`;
  throw new Refusal(node, 'expected the name of a signal');
};

const membership = (item: ASTNode, list: ASTNode, of: (node: ASTNode) => Reader): Reader => {
  if (list.op !== 'list') throw new Refusal(list, 'expected a list such as ["idle", "working"] after "in"');
  const wanted = of(item);
  const members = list.args.map(of);
  return (scope) => {
    const value = wanted(scope);
    return value !== null && members.some((member) => member(scope) === value);
  };
};

type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

const comparison = (op: Comparison, left: Reader, right: Reader): Reader => {
  const compare = compares[op];
  return (scope) => {
    const a = left(scope);
    if (a === null) return false;
    const b = right(scope);
    return b !== null && compare(a, b);
  };
};

const compares: Readonly<Record<Comparison, (a: number | string | boolean, b: number | string | boolean) => boolean>> =
  {
    '==': (a, b) => a === b,
    '!=': (a, b) => a !== b,
    '<': (a, b) => a < b,
    '<=': (a, b) => a <= b,
    '>': (a, b) => a > b,
    '>=': (a, b) => a >= b,
  };

const arithmetic = (op: '+' | '-' | '*' | '/' | '%', left: Reader, right: Reader): Reader => {
  const compute = operations[op];
  return (scope) => numeric(left(scope), right(scope), compute);
};

const operations = {
  '+': (a: number, b: number) => a + b,
  '-': (a: number, b: number) => a - b,
  '*': (a: number, b: number) => a * b,
  '/': (a: number, b: number) => a / b,
  '%': (a: number, b: number) => a % b,
} as const;

/** A division by zero has no value either. */
const numeric = (a: Value, b: Value, compute: (a: number, b: number) => number): Value => {
  if (typeof a !== 'number' || typeof b !== 'number') return null;
  const value = compute(a, b);
  return Number.isFinite(value) ? value : null;
};
