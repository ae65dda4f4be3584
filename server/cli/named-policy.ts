import path from 'node:path';
import { resolvePaths } from '#config/paths';
import { readPolicyText, sourceNamed } from '#config/policy-files';
import { openPolicyStore } from '#config/policy-store';
import { readConfig } from '#config/read-config';
import type { PolicyText } from '#protocol/messages';
import { policyKeyOf } from '#protocol/policies';
import type { PolicySource } from '#protocol/run-spec';
import type { DaemonClient } from './daemon-client.ts';
import { CliProblem } from './problem.ts';

/** A file, or a name that ships. @throws PolicyProblem or Error where it cannot be read. */
export const readNamedPolicy = (name: string): PolicyText => textOf(sourceNamed(name));

/**
 * The policy that a run started here would follow: what is in force where jobs follow it already (that may be the last
 * good one), and else what `flowforge.yaml` or the default names.
 */
export const activePolicy = async (client: DaemonClient): Promise<PolicyText> => {
  const { policy } = readConfig({ flags: {}, env: process.env, cwd: process.cwd(), file: null });
  const inForce = (await client.activePolicies()).find(({ key }) => key === policyKeyOf(policy));
  return (inForce === undefined ? null : storeHere().find(inForce.hash)) ?? textOf(policy);
};

/** `active`, a file, a name that ships, or the beginning of a hash of the history. */
export const findPolicy = async (client: DaemonClient, name: string): Promise<PolicyText> => {
  if (name === 'active') return activePolicy(client);
  const kept = /^[0-9a-f]{4,64}$/.test(name) ? storeHere().list() : [];
  const found = kept.find(({ hash }) => hash.startsWith(name));
  const policy = found === undefined ? null : storeHere().find(found.hash);
  if (policy !== null) return policy;
  try {
    return readNamedPolicy(name);
  } catch (cause) {
    throw new CliProblem(
      `expected active, a file, a shipped policy or the beginning of a hash of the history, got ${name}`,
      { hint: cause instanceof Error ? cause.message : String(cause) },
    );
  }
};

const storeHere = () => openPolicyStore(resolvePaths(process.env).home);

const textOf = (source: PolicySource): PolicyText =>
  readPolicyText(source, path.join(resolvePaths(process.env).packageRoot, 'policies'));
