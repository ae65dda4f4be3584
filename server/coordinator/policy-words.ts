import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { lineDiff } from '#config/line-diff';
import type { FactBody } from '#protocol/facts';
import type { RunId } from '#protocol/ids';
import type { PolicyText } from '#protocol/messages';
import type { PolicyEffect, PolicyWish } from '#protocol/policies';
import type { PolicySource } from '#protocol/run-spec';
import { createRedactor } from '#redaction/redact';

/** Marks what lay in the files of a policy and in its test at one look. */
export const seenOf = (policy: PolicyText, test: { readonly text: string } | null): string =>
  `${policy.hash}:${test === null ? '' : createHash('sha256').update(test.text).digest('hex').slice(0, 16)}`;

export const sourceOfKey = (key: string): PolicySource =>
  key.startsWith('shipped:')
    ? { kind: 'shipped', name: key.slice('shipped:'.length) }
    : { kind: 'file', path: key.slice('file:'.length), text: '' };

/** `ada saved it 2031-05-04T10:11:12.000Z`; null for what ships, or is gone. */
export const whoSaved = (key: string): string | null => {
  if (!key.startsWith('file:')) return null;
  const found = statSync(key.slice('file:'.length), { throwIfNoEntry: false });
  if (found === undefined) return null;
  const self = userInfo();
  return `${found.uid === self.uid ? self.username : `uid ${found.uid}`} saved it ${found.mtime.toISOString()}`;
};

const redactor = createRedactor();

export const appliedFact = (applied: {
  readonly key: string;
  readonly previous: PolicyText;
  readonly policy: PolicyText;
  readonly wish: PolicyWish;
  readonly runs: readonly RunId[];
  readonly tests: number;
  readonly testsMs: number;
  readonly tookMs: number;
}): FactBody => {
  const { key, previous, policy, wish, runs, tests, testsMs, tookMs } = applied;
  return {
    kind: 'policy-applied',
    source: key,
    name: policy.name,
    hash: policy.hash,
    previousHash: previous.hash,
    runs,
    by: wish.by,
    who: redactor.text(wish.who),
    reason: redactor.text(wish.reason),
    diff: redactor.text(diffOf(previous, policy)),
    tests,
    testsMs,
    tookMs,
  };
};

const mostEffects = 50;

export const heldFact = (held: {
  readonly key: string;
  readonly policy: PolicyText;
  readonly wish: PolicyWish;
  readonly keptHash: string;
  readonly effects: readonly PolicyEffect[];
  readonly most: number;
}): FactBody => {
  const { key, policy, wish, keptHash, most } = held;
  const effects = held.effects.slice(0, mostEffects);
  return { kind: 'policy-held', source: key, hash: policy.hash, keptHash, effects, most, by: wish.by };
};

const diffOf = (before: PolicyText, after: PolicyText): string =>
  after.files
    .map((file) => {
      const old =
        before.files.find(({ path }) => path === file.path) ?? (file === after.files[0] ? before.files[0] : undefined);
      const diff = lineDiff(old?.text ?? '', file.text);
      return diff === '' ? '' : `${file.path}\n${diff}`;
    })
    .filter((text) => text !== '')
    .join('\n');

/** A problem that no line of a file is to blame for. */
export const withoutPlace = (cause: unknown) => ({
  problem: cause instanceof Error ? cause.message : String(cause),
  line: null,
  column: null,
});
