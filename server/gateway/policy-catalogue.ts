import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { readingProblem, readPolicyText, rereadSource, shippedPolicies } from '#config/policy-files';
import { openPolicyStore, type PolicyStore } from '#config/policy-store';
import type { RunId } from '#protocol/ids';
import type { PolicyText } from '#protocol/messages';
import type { NamedRun, PolicyView } from '#protocol/policy-views';
import { type PolicyDraft, policiesDir } from './policy-draft.ts';
import type { Site } from './site.ts';

/** Every policy that ships, every one that live runs follow, and files that judged runs lately; those with most runs first. */
export const listPolicies = async (site: Site): Promise<readonly PolicyView[]> => {
  const views = (await policiesOf(site)).map(async ({ key, text, runIds, trouble }) => ({
    key,
    name: text.name,
    hash: text.hash,
    files: text.files,
    ...(await site.bench.outline(text)),
    runs: runIds.map((runId) => named(site, runId)),
    trouble,
  }));
  return (await Promise.all(views)).sort((a, b) => b.runs.length - a.runs.length);
};

interface Known {
  readonly key: string;
  readonly text: PolicyText;
  readonly runIds: readonly RunId[];
  readonly trouble: string | null;
}

const policiesOf = async (site: Site): Promise<readonly Known[]> => {
  const store = openPolicyStore(site.status().home);
  const followed = (await site.coordinator.activePolicies()).flatMap(({ key, hash, runIds, problem }) => {
    const text = store.find(hash);
    return text === null ? [] : [{ key, text, runIds, trouble: problem }];
  });
  const others = shippedPolicies
    .filter((name) => !followed.some(({ key }) => key === `shipped:${name}`))
    .map((name) => ({
      key: `shipped:${name}`,
      text: readPolicyText({ kind: 'shipped', name }, policiesDir),
      runIds: [],
      trouble: null,
    }));
  return [...followed, ...idleFiles(store, new Set(followed.map(({ key }) => key))), ...others];
};

const mostIdle = 5;
const mostKept = 50;

/** Files that judged runs before, newest first, with what lies in them now: the next run is judged by that. */
const idleFiles = (store: PolicyStore, followed: ReadonlySet<string>): readonly Known[] => {
  const idle = new Map<string, Known>();
  for (const { hash } of store.list().slice(0, mostKept)) {
    const kept = store.find(hash);
    const path = kept?.files[0]?.path ?? '';
    const key = `file:${path}`;
    if (kept === null || !isAbsolute(path) || followed.has(key) || idle.has(key) || !existsSync(path)) continue;
    idle.set(key, { key, runIds: [], ...inFileNow(path, kept) });
    if (idle.size === mostIdle) break;
  }
  return [...idle.values()];
};

const inFileNow = (path: string, kept: PolicyText): Pick<Known, 'text' | 'trouble'> => {
  try {
    return { text: readPolicyText(rereadSource({ kind: 'file', path, text: '' }), policiesDir), trouble: null };
  } catch (cause) {
    return { text: kept, trouble: readingProblem(cause).problem };
  }
};

/** What would judge the next run of this policy, or judges those that live; null where it is not known here. */
export const knownHash = async (site: Site, key: string): Promise<string | null> =>
  (await policiesOf(site)).find((one) => one.key === key)?.text.hash ?? null;

const named = (site: Site, runId: RunId): NamedRun => ({ runId, name: site.fleet.view(runId)?.name ?? runId });

/** A text with what it may build on. */
export const draftOf = async (
  site: Site,
  draft: { readonly text: string; readonly key?: string | undefined },
): Promise<PolicyDraft> => {
  const known = (await policiesOf(site)).find(({ key }) => key === draft.key);
  const [own, ...parents] = known?.text.files ?? [];
  return { path: own?.path ?? 'draft.yaml', text: draft.text, parents };
};

/** Each text that ever judged is kept under its hash; what its name was is looked up once. */
export const policyNamer = (site: Site): ((hash: string) => string | null) => {
  const store = openPolicyStore(site.status().home);
  const names = new Map<string, string | null>();
  return (hash) => {
    const known = names.get(hash);
    const name = known === undefined ? (store.find(hash)?.name ?? null) : known;
    names.set(hash, name);
    return name;
  };
};
