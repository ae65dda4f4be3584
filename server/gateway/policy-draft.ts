import path from 'node:path';
import { resolvePaths } from '#config/paths';
import { readPolicyText, shippedPolicies } from '#config/policy-files';
import { patternsIn } from '#config/policy-glance';
import { hashOf, parentsOf } from '#policy/compile-policy';
import { parentPath } from '#policy/lineage';
import type { PolicyText } from '#protocol/messages';

type File = PolicyText['files'][number];

/** A text that is being written, with the parents that the policy in its place already has. */
export interface PolicyDraft extends File {
  readonly parents: readonly File[];
}

export const policiesDir = path.join(resolvePaths({}).packageRoot, 'policies');
const mostFiles = 16;

/** The draft as it would judge: it builds on what ships and on `parents`, and reads no other file of this machine. */
export const assembleDraft = ({ parents, ...own }: PolicyDraft): PolicyText => {
  const files: File[] = [own];
  for (let at = 0; at < files.length && files.length < mostFiles; at++) {
    for (const parent of parentsOf(files[at]?.text ?? '')) {
      const found = parentFiles(parent, { child: files[at]?.path ?? '', known: parents });
      files.push(...found.filter((file) => !files.some((other) => other.path === file.path)));
    }
  }
  return { name: path.basename(own.path), hash: hashOf(files), files, patterns: patternsIn(files) };
};

const parentFiles = (
  parent: string,
  { child, known }: { readonly child: string; readonly known: readonly File[] },
): readonly File[] => {
  const name = shippedPolicies.find((shipped) => shipped === parent);
  if (name !== undefined) return readPolicyText({ kind: 'shipped', name }, policiesDir).files;
  return known.filter((file) => file.path === parentPath(parent, child));
};
