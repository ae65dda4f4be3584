import { print } from '#cli/output';
import { CliProblem } from '#cli/problem';

/** `flowforge progress 12/100 --token T`: the line that any program may print by itself. It needs no daemon. */
export const progressCommand = async (
  share: string | undefined,
  { token, message }: { readonly token?: string; readonly message?: string },
): Promise<number> => {
  print(`${progressLine({ share: share ?? null, token: token ?? null, message: message ?? null })}\n`);
  return 0;
};

export interface Progress {
  readonly share: string | null;
  readonly token: string | null;
  readonly message: string | null;
}

/** `::flowforge progress=12/100 token=ab12 message="…"::` @throws CliProblem on a share that is none. */
export const progressLine = ({ share, token, message }: Progress): string => {
  if (share === null && token === null)
    throw new CliProblem('nothing to report', {
      hint: 'flowforge progress 12/100, or flowforge progress --token "$(git rev-parse HEAD)"',
    });
  if (share !== null && !isShare(share))
    throw new CliProblem(`expected a share like 12/100 or 40%, got ${JSON.stringify(share)}`, {
      hint: 'flowforge progress 12/100',
    });
  const words = [
    share === null ? null : `progress=${share}`,
    token === null ? null : `token=${oneWord(token)}`,
    message === null ? null : `message=${JSON.stringify(message.replaceAll('::', ': :'))}`,
  ];
  return `::flowforge ${words.filter((word) => word !== null).join(' ')}::`;
};

const isShare = (text: string): boolean => {
  const fraction = /^(\d{1,15})\/(\d{1,15})$/.exec(text);
  if (fraction !== null) return Number(fraction[2]) > 0 && Number(fraction[1]) <= Number(fraction[2]);
  return /^\d{1,3}(\.\d+)?%$/.test(text) && Number(text.slice(0, -1)) <= 100;
};

const oneWord = (token: string): string =>
  token
    .trim()
    .replace(/[\s:]+/g, '-')
    .slice(0, 100);
