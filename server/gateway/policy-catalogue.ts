import { readPolicyText, shippedPolicies } from '#config/policy-files';
import { openPolicyStore } from '#config/policy-store';
import type { RunId } from '#protocol/ids';
import type { PolicyText } from '#protocol/messages';
import type { NamedRun, PolicyView } from '#protocol/policy-views';
import { type PolicyDraft, policiesDir } from './policy-draft.ts';
import type { Site } from './site.ts';

/** Every policy that ships and every one that live runs follow, those with most runs first. */
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
  return [...followed, ...others];
};

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
