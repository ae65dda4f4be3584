import { print, printJson } from '#cli/output';
import { installKey } from '#config/install-key';
import { resolvePaths } from '#config/paths';

/** `flowforge key`: the key itself is printed only when asked for. */
export const keyCommand = async ({
  show,
  json,
}: {
  readonly show: boolean;
  readonly json: boolean;
}): Promise<number> => {
  const { packageRoot, home } = resolvePaths(process.env);
  const { key, source, created, notes } = installKey({ env: process.env, packageRoot, home });
  if (json) printJson({ source, created, notes, ...(show ? { key } : {}) });
  else if (show) print(`${key}\n`);
  else
    print(
      [...notes, created ? `a new API key was written to ${source}` : `the API key is in ${source}`]
        .map((line) => `${line}\n`)
        .join(''),
    );
  return 0;
};
