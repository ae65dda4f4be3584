import { hashWord } from './byte-kinds.ts';

// What two or three words say together; `*` is any word. Most of these words alone say nothing of the kind.
const phrases = [
  'not ok, could not, did not respond, not responding, no response, not reachable, not permitted, not authenticated',
  'no such, does not exist, command not found, file not found, module not found, host not found, not known, no route',
  'connection lost, lost connection, connection reset, reset by peer, broken pipe, connection unexpectedly, went away, bad gateway',
  'out of memory, core dumped, stack overflow, no space left, already in use, too many open, too many requests',
  'giving up, gave up, try again, can t, couldn t, not enough, not respond, no healthy, not defined, not a function',
  'no attribute, undefined reference, null pointer, unexpected token, unexpected eof, unexpected end, is locked, wrong password',
  'nicht * werden, konnte nicht, konnten nicht, kann nicht, nicht möglich, nicht erreichbar',
  'no se pudo, no se pudieron, no se puede, no se pueden, tiempo agotado',
  'não foi possível, não é possível, não pôde, tempo esgotado',
  'non riuscita, non riuscito, non riescono, non possibile, tempo scaduto',
  "n'a pas pu, pas pu, délai expiré, délai dépassé",
  'nie udało, nie można, nie powiodło, nie powiodła, nie powiódł',
  'не удаётся, Не удаётся, не удается, Не удается, не вдалося, Не вдалося, не вдається, Не вдається, не может, не вийшло',
  'thất bại, Thất bại, không thể, từ chối, quá hạn',
  'nem sikerült, nem lehet, nu poate, nu pot, nu reușit',
  'kunne ikke, kan ikke, kunde inte, kan inte, kon niet, kan niet, ei voitu, ei voida',
  'tidak dapat, tidak bisa, mümkün değil',
  '수 없습니다, 수 없음, 수 없어, 수 없다, 시간 초과',
].flatMap((line) => line.split(', '));

interface Before {
  readonly word: number | null;
  readonly wordBefore: number | null;
}

const hashOf = (word: string | undefined): number | null =>
  word === undefined || word === '*' ? null : hashWord(word);

const byLastWord = new Map<number, Before[]>();
for (const phrase of phrases) {
  const [last, word, wordBefore] = phrase.split(' ').reverse();
  const key = hashWord(last ?? phrase);
  byLastWord.set(key, [...(byLastWord.get(key) ?? []), { word: hashOf(word), wordBefore: hashOf(wordBefore) }]);
}

/** The words that a phrase may end with: all others need no look. */
export const phraseEndList = phrases.map((phrase) => phrase.split(' ').at(-1)).join(' ');

/** Whether a word ends a phrase of failure, given the hashes of it and of the two words before. */
export const endsFailurePhrase = (hash: number, word: number, wordBefore: number): boolean => {
  const before = byLastWord.get(hash);
  if (before === undefined) return false;
  for (const one of before)
    if ((one.word === null || one.word === word) && (one.wordBefore === null || one.wordBefore === wordBefore))
      return true;
  return false;
};
