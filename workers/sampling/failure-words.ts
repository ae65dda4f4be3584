import { byteKind, byteKinds, foldedBytes, hashWord, WordSet } from './byte-kinds.ts';

// Whole words, case ignored. Words that also name ordinary things (limit, missing, warning, invalid) are left out.
export const failureWordList = `
  error errors err fail fails failed failing failure failures fatal panic panicked exception exceptions traceback stacktrace
  crash crashed crashes crashing abort aborted aborting refused denied unauthorized forbidden timeout timeouts unreachable unavailable
  rejected unable cannot retrying retry retries killed oom segfault segmentation sigsegv sigabrt sigkill corrupt corrupted exhausted
  exceeded disconnected unhandled uncaught unresolved undeliverable econnrefused econnreset etimedout enoent eacces enospc epipe
  enotfound eaddrinuse emfile deadlock deadlocked throttled unhealthy unresponsive
  unexpectedly unauthenticated overloaded
  fehler fehlgeschlagen ausnahme abgelehnt gescheitert abgebrochen verweigert zeitüberschreitung fehlschlag
  fout fouten mislukt geweigerd
  erreur erreurs échec Échec échecs échoué échouée échoués échouées échouent refusé refusée refusés refusées rejeté rejetée
  impossible dépassé dépassée introuvable
  fallo fallos falló fallido fallida fallidos fallidas fallaron excepción denegado denegada rechazado rechazada rechazados
  rechazadas imposible erro erros falha falhas falhou falharam exceção negado negada recusado recusada rejeitado rejeitada
  errore errori fallito fallita falliti fallite eccezione rifiutato rifiutata negata impossibile
  błąd błędy błędu odmowa odrzucono odrzucone niepowodzenie nieudane nieudana
  chyba nepodařilo selhalo selhala selhal selhání nelze odmítnuto odmítnut zlyhalo nepodarilo
  misslyckades misslyckats nekad fejl fejlede mislykkedes mislyktes mislykket feil feilet avvist nektet afvist virhe epäonnistui
  hata hatası başarısız reddedildi bulunamadı kurulamadı açılamadı yapılamadı edilemedi
  sikertelen hiba megtagadva elutasítva eșuat eşuat eșuată eroare refuzat refuzată
  gagal kesalahan ditolak lỗi`;
const words = new WordSet(failureWordList);

// Scripts that inflect or do not part words by spaces: the stem is looked for anywhere in the word.
const stems = [
  '错误',
  '失败',
  '异常',
  '超时',
  '拒绝',
  '錯誤',
  '失敗',
  '異常',
  '逾時',
  '拒絕',
  '无法',
  '無法',
  '被拒',
  '崩溃',
  'エラー',
  'できません',
  'できなかった',
  'タイムアウト',
  '拒否',
  '例外',
  '에러',
  '오류',
  '실패',
  '예외',
  '못했',
  '거부',
  'ошиб',
  'Ошиб',
  'ОШИБ',
  'сбой',
  'Сбой',
  'збій',
  'Збій',
  'удалось',
  'отказ',
  'исключени',
  'Исключени',
  'евозможно',
  'ревышен',
  'помилк',
  'Помилк',
  'ПОМИЛК',
  'еможливо',
  'ідмовлено',
  'σφάλμα',
  'Σφάλμα',
  'πέτυχε',
  'ποτυχία',
  'خطأ',
  'فشل',
  'تعذر',
  'تعذّر',
  'שגיאה',
  'נכשל',
  'כשל',
  'त्रुटि',
  'विफल',
  'असफल',
  'ผิดพลาด',
  'ล้มเหลว',
  'ไม่สามารถ',
].map((stem) => Buffer.from(stem));

export const shortestStemBytes = Math.min(...stems.map((stem) => stem.length));

// By first byte: most bytes of most words begin no stem.
const stemsByLead: Buffer[][] = [];
const isLead = new Uint8Array(256);
for (const stem of stems) {
  const lead = stem[0] ?? 0;
  isLead[lead] = 1;
  stemsByLead[lead] = [...(stemsByLead[lead] ?? []), stem];
}

// CamelCase names end in these: ReadTimeoutError, NullPointerException, ConnectFailure.
const suffixes = ['error', 'exception', 'failure'].map((suffix) => Buffer.from(suffix));
/** The last letters of those: most long words end otherwise, and need no closer look. */
const suffixEnds = Uint8Array.from({ length: 256 }, (_, byte) => (/[rne]/i.test(String.fromCharCode(byte)) ? 1 : 0));

const negations = new WordSet('no not without zero never any if');
const zero = hashWord('0');

/** Whether the word at [from, to) speaks of failure, given the hashes of it and of the word before. */
export const isFailureWord = (line: Buffer, from: number, to: number, hash: number, before: number): boolean => {
  if (!words.has(hash) && !endsInFailure(line, from, to)) return false;
  return !isNamed(line, from, to) && before !== zero && !negations.has(before) && !countsNothing(line, to);
};

/** Whether a word with non-ASCII bytes holds a failure stem. */
export const hasFailureStem = (line: Buffer, from: number, to: number): boolean => {
  for (let at = from; at < to; at++) {
    if (isLead[line[at] ?? 0] === 0) continue;
    for (const stem of stemsByLead[line[at] ?? 0] ?? [])
      if (at + stem.length <= to && standsAt(line, at, stem)) return true;
  }
  return false;
};

const standsAt = (line: Buffer, at: number, stem: Buffer): boolean => {
  for (let offset = 1; offset < stem.length; offset++) if (line[at + offset] !== stem[offset]) return false;
  return true;
};

/** Turns most words away by their length and last letter. */
export const mayEndInFailure = (line: Buffer, from: number, to: number): boolean =>
  to - from > 7 && suffixEnds[line[to - 1] ?? 0] === 1;

const endsInFailure = (line: Buffer, from: number, to: number): boolean => {
  if (!mayEndInFailure(line, from, to)) return false;
  for (const suffix of suffixes) if (suffix.length <= to - from && endsIn(line, to, suffix)) return true;
  return false;
};

const endsIn = (line: Buffer, to: number, suffix: Buffer): boolean => {
  for (let back = 1; back <= suffix.length; back++) {
    if (foldedBytes[line[to - back] ?? 0] !== suffix[suffix.length - back]) return false;
  }
  return true;
};

// `error.log`, `/errors/`, `error-handler`, `retry_policy` name a thing; they do not report a failure.
const isNamed = (line: Buffer, from: number, to: number): boolean => {
  const next = line[to] ?? 0;
  const joins = next === 46 || next === 45 || next === 47 || next === 40;
  if (joins && byteKinds[line[to + 1] ?? 32] === byteKind.letter) return true;
  if (next === 61 || from === 0) return false;
  const previous = line[from - 1] ?? 0;
  return (
    previous === 47 ||
    ((previous === 45 || previous === 46) &&
      from > 1 &&
      byteKinds[line[from - 2] ?? 32] === byteKind.letter &&
      !isQualified(line, from))
  );
};

// `java.io.IOException`, `docker.errors.NotFound` are qualified names of failures: a capital after the dot.
const isQualified = (line: Buffer, from: number): boolean => {
  const first = line[from] ?? 0;
  return line[from - 1] === 46 && first >= 65 && first <= 90;
};

// `errors: 0`, `failures=0`, `"failed": 0` count failures and found none.
const countsNothing = (line: Buffer, to: number): boolean => {
  let at = to;
  while (at < to + 4 && isFiller(line[at] ?? 0)) at++;
  return at > to && line[at] === 48 && byteKinds[line[at + 1] ?? 32] !== byteKind.digit && line[at + 1] !== 120;
};

const isFiller = (byte: number): boolean => byte === 58 || byte === 61 || byte === 32 || byte === 34 || byte === 39;
