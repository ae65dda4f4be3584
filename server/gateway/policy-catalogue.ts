import path from 'node:path';
import { resolvePaths } from '#config/paths';
import { readPolicyText, shippedPolicies } from '#config/policy-files';
import { openPolicyStore } from '#config/policy-store';
import { compilePolicy, hashOf, parentsOf } from '#policy/compile-policy';
import { PolicyProblem } from '#policy/problem';
import type { RunId } from '#protocol/ids';
import type { PolicyText } from '#protocol/messages';
import type { NamedRun, PolicyView } from '#protocol/policy-views';
import { outlineOf } from './policy-outline.ts';
import type { Site } from './site.ts';

const policiesDir = path.join(resolvePaths({}).packageRoot, 'policies');

/** Every policy that ships and every one that live runs follow, those with most runs first. */
export const listPolicies = async (site: Site): Promise<readonly PolicyView[]> =>
  (await policiesOf(site))
    .map(({ key, text, runIds, trouble }) => ({
      ...viewOf(key, text),
      runs: runIds.map((runId) => named(site, runId)),
      trouble,
    }))
    .sort((a, b) => b.runs.length - a.runs.length);

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
  return [...followed, ...others];
};

const named = (site: Site, runId: RunId): NamedRun => ({ runId, name: site.fleet.view(runId)?.name ?? runId });

/** A text as it would judge: its parents are what ships and what the policy under `key` already reads, never another file. */
export const draftOf = async (
  site: Site,
  draft: { readonly text: string; readonly key?: string | undefined },
): Promise<PolicyText> => {
  const known = (await policiesOf(site)).find(({ key }) => key === draft.key);
  const [own, ...parents] = known?.text.files ?? [];
  return assemble({ path: own?.path ?? 'draft.yaml', text: draft.text }, parents);
};

const viewOf = (key: string, text: PolicyText): Omit<PolicyView, 'runs' | 'trouble'> => {
  const shown = { key, name: text.name, hash: text.hash, files: text.files };
  try {
    return { ...shown, outline: outlineOf(compilePolicy(text), text.files), problems: [] };
  } catch (error) {
    if (error instanceof PolicyProblem) return { ...shown, outline: null, problems: error.problems };
    throw error;
  }
};

type File = PolicyText['files'][number];

const assemble = (own: File, known: readonly File[]): PolicyText => {
  const files: File[] = [own];
  for (let at = 0; at < files.length && files.length < 16; at++) {
    for (const parent of parentsOf(files[at]?.text ?? '')) {
      const found = parentFiles(parent, { child: files[at]?.path ?? '', known });
      files.push(...found.filter((file) => !files.some((other) => other.path === file.path)));
    }
  }
  return { name: path.basename(own.path), hash: hashOf(files), files };
};

const parentFiles = (
  parent: string,
  { child, known }: { readonly child: string; readonly known: readonly File[] },
): readonly File[] => {
  const name = shippedPolicies.find((shipped) => shipped === parent);
  if (name !== undefined) return readPolicyText({ kind: 'shipped', name }, policiesDir).files;
  return known.filter((file) => file.path === path.resolve(path.dirname(child), parent));
};
