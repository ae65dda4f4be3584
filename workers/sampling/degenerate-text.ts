/** How far the tail of a text is periodic: a unit of `unitChars` characters, `repeats` times in a row. */
export interface Degeneration {
  readonly level: 'warn' | 'act';
  readonly unitChars: number;
  readonly repeats: number;
  /** The unit itself, at most 200 characters; not redacted. */
  readonly unit: string;
}

const tailChars = 4_096;
const checkEveryChars = 256;
const longUnitChars = 20;

// A short unit repeats by nature (dots, "no no no"), a long one hardly ever: so the shorter, the more often.
const repeatsNeeded = (unitChars: number): number => (unitChars < longUnitChars ? 20 : 10);
// 200 characters are a paragraph of nothing new. Half of both is worth a warning.
const neededChars = 200;
// Tables, fixtures and generated code repeat on purpose.
const fenceFactor = 4;
// Three backticks or three tildes.
const fenceCodes = [96, 126];
const noMarks = { code: 0, count: 0 };

/** Watches one stream of model text; an answer is a level that the tail has newly reached. */
export interface DegenerateText {
  push(text: string): Degeneration | null;
  end(): Degeneration | null;
  restart(): void;
  /** Judges a message that came at once, by its end alone. */
  whole(text: string): Degeneration | null;
}

export const createDegenerateText = (): DegenerateText => {
  let tail = '';
  let sinceCheck = 0;
  let isInFence = false;
  let marks = noMarks;
  let told = 0;

  const noteFences = (text: string): void => {
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      marks = fenceCodes.includes(code) ? { code, count: code === marks.code ? marks.count + 1 : 1 } : noMarks;
      if (marks.count === 3) isInFence = !isInFence;
    }
  };
  const check = (): Degeneration | null => {
    sinceCheck = 0;
    const found = judgeTail(tail, isInFence ? fenceFactor : 1);
    const rank = found === null ? 0 : rankOf(found.level);
    const isNews = rank > told;
    told = rank === 0 ? 0 : Math.max(told, rank);
    return isNews ? found : null;
  };

  const restart = (): void => {
    tail = '';
    sinceCheck = 0;
    isInFence = false;
    marks = noMarks;
    told = 0;
  };

  return {
    push: (text) => {
      let worst: Degeneration | null = null;
      for (let at = 0; at < text.length; at += checkEveryChars) {
        const piece = text.slice(at, at + checkEveryChars);
        noteFences(piece);
        tail = (tail + piece).slice(-tailChars);
        sinceCheck += piece.length;
        if (sinceCheck >= checkEveryChars) worst = check() ?? worst;
      }
      // A large piece may be all there is for long: its end is judged as well.
      if (sinceCheck > 0 && text.length >= checkEveryChars) worst = check() ?? worst;
      return worst;
    },
    end: check,
    restart,
    whole: (text) => {
      restart();
      noteFences(text);
      tail = text.slice(-tailChars);
      const found = check();
      restart();
      return found;
    },
  };
};

const rankOf = (level: Degeneration['level']): number => (level === 'act' ? 2 : 1);

/** Judges the end of a text: the strongest repetition that reaches its last character. */
export const judgeTail = (text: string, factor = 1): Degeneration | null => {
  const tail = text.slice(-tailChars);
  // The failure function of the reversed tail: for each length, the smallest period of that suffix. Linear.
  const borders = new Int32Array(tail.length + 1);
  let border = 0;
  let best: { readonly unitChars: number; readonly length: number } | null = null;
  let bestShare = 0;
  for (let length = 2; length <= tail.length; length++) {
    const unit = tail.charCodeAt(tail.length - length);
    while (border > 0 && tail.charCodeAt(tail.length - 1 - border) !== unit) border = borders[border] ?? 0;
    if (tail.charCodeAt(tail.length - 1 - border) === unit) border++;
    borders[length] = border;
    const unitChars = length - border;
    const share = length / unitChars / repeatsNeeded(unitChars);
    if (share >= bestShare) {
      bestShare = share;
      best = { unitChars, length };
    }
  }
  return best === null ? null : levelOf(tail, best, factor);
};

const levelOf = (
  tail: string,
  { unitChars, length }: { unitChars: number; length: number },
  factor: number,
): Degeneration | null => {
  const unit = tail.slice(tail.length - unitChars);
  if (!/[\p{L}\p{N}]/u.test(unit)) return null;
  const repeats = Math.floor(length / unitChars);
  const needed = repeatsNeeded(unitChars) * (isLaidOut(tail.slice(tail.length - length)) ? fenceFactor : factor);
  if (repeats * 2 < needed || length * 2 < neededChars) return null;
  const level = repeats < needed || length < neededChars ? 'warn' : 'act';
  return { level, unitChars, repeats, unit: unit.slice(0, 200) };
};

/** Rows of a table, quoted lines and indented code, none of them the text's own lines: they are a fence by another mark. */
const isLaidOut = (text: string): boolean => {
  const [, ...rows] = text.split('\n');
  const written = rows.filter((row) => row.trim() !== '');
  return written.length > 1 && written.every((row) => /^(?: {4}|\t| {0,3}[|>])/.test(row));
};
