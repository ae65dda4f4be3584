import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { resolvePaths } from '#config/paths';
import { readPolicyText, shippedPolicies } from '#config/policy-files';
import { compilePolicy, hashOf, parentsOf } from '#policy/compile-policy';
import { PolicyProblem } from '#policy/problem';
import type { PolicyText } from '#protocol/messages';
import type { NamedRun, PolicyView } from '#protocol/policy-views';
import type { PolicySource } from '#protocol/run-spec';
import { isOver } from '#protocol/run-state';
import { outlineOf } from './policy-outline.ts';
import type { Site } from './site.ts';

const policiesDir = path.join(resolvePaths({}).packageRoot, 'policies');

/** Every policy that ships and every one that live runs follow, those that are followed first. */
export const listPolicies = (site: Site): readonly PolicyView[] => {
  const followed = new Map<string, { readonly text: PolicyText; readonly runs: NamedRun[] }>();
  for (const name of shippedPolicies) {
    followed.set(`shipped:${name}`, { text: readPolicyText({ kind: 'shipped', name }, policiesDir), runs: [] });
  }
  for (const view of site.fleet.views().filter(({ state }) => !isOver(state))) {
    const source = sourceOf(site, view);
    if (source === null) continue;
    const key = source.kind === 'shipped' ? `shipped:${source.name}` : `file:${source.path}`;
    const entry = followed.get(key) ?? { text: readPolicyText(source, policiesDir), runs: [] };
    entry.runs.push({ runId: view.runId, name: view.name });
    followed.set(key, entry);
  }
  return [...followed]
    .map(([key, { text, runs }]) => ({ ...viewOf(key, text), runs }))
    .sort((a, b) => b.runs.length - a.runs.length);
};

/** A text as it would judge: its parents are what ships and what the policy under `key` already reads, never another file. */
export const draftOf = (
  site: Site,
  draft: { readonly text: string; readonly key?: string | undefined },
): PolicyText => {
  const known = listPolicies(site).find(({ key }) => key === draft.key);
  const own = known?.files[0]?.path ?? 'draft.yaml';
  return assemble({ path: own, text: draft.text }, known?.files.slice(1) ?? []);
};

const viewOf = (key: string, text: PolicyText): Omit<PolicyView, 'runs'> => {
  const shown = { key, name: text.name, hash: text.hash, files: text.files };
  try {
    return { ...shown, outline: outlineOf(compilePolicy(text), text.files), problems: [] };
  } catch (error) {
    if (error instanceof PolicyProblem) return { ...shown, outline: null, problems: error.problems };
    throw error;
  }
};

const specPolicy = z.object({
  policy: z.union([
    z.object({ kind: z.literal('shipped'), name: z.string() }),
    z.object({ kind: z.literal('file'), path: z.string(), text: z.string() }),
  ]),
});

const sourceOf = (site: Site, view: { readonly runId: string; readonly policy: string }): PolicySource | null => {
  const shipped = shippedPolicies.find((name) => name === view.policy);
  if (shipped !== undefined) return { kind: 'shipped', name: shipped };
  try {
    const text = readFileSync(path.join(site.status().home, 'runs', view.runId, 'spec.json'), 'utf8');
    const spec = specPolicy.safeParse(JSON.parse(text));
    return spec.success ? spec.data.policy : null;
  } catch {
    return null; // its directory went between listing and reading: the next list has it no more
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
