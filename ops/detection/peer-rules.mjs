// Rules that other tools are described to use, written anew from those descriptions, to compare with on the same data.
// A rule takes what it looks at in order and answers where it would have fired: a place (from 1), or null.

const firstWhere = (items, fires) => {
  const at = items.findIndex((_, index) => fires(index));
  return at < 0 ? null : at + 1;
};

/** Rules over lines of text. */
export const lineRules = {
  'repeated lines in a window of 10 (the seed)': (lines) =>
    firstWhere(lines, (index) => index >= 9 && new Set(lines.slice(index - 9, index + 1)).size <= 3),
  '80 % of the last 50 lines repeat (naive)': (lines) =>
    firstWhere(lines, (index) => index >= 49 && new Set(lines.slice(index - 49, index + 1)).size <= 10),
  'chunks of 50 characters, 10 times, 250 apart (Gemini)': (lines) => chanting(lines),
};

const chanting = (lines) => {
  const seen = new Map();
  let tail = '';
  let place = 0;
  for (const [index, line] of lines.entries()) {
    if (/^\s*(```|[|#>]|[-*+] |\d+\. |[-=_*]{3,})/.test(line)) {
      seen.clear();
      tail = '';
      continue;
    }
    for (const letter of `${line}\n`) {
      tail = (tail + letter).slice(-50);
      place++;
      if (tail.length < 50) continue;
      const places = seen.get(tail) ?? [];
      places.push(place);
      if (places.length > 10) places.shift();
      seen.set(tail, places);
      if (places.length === 10 && (places[9] - places[0]) / 9 <= 250) return index + 1;
      if (seen.size > 5000) seen.delete(seen.keys().next().value);
    }
  }
  return null;
};

const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join()}}`;
};

const steps = (events) => {
  const results = new Map(events.filter((event) => event.t === 'tool_result').map((event) => [event.id, event]));
  return events
    .filter((event) => event.t === 'tool_call')
    .map((call) => ({
      name: call.name,
      ...resultOf(results.get(call.id)),
      key: `${call.name}:${JSON.stringify(call.args)}`,
      sorted: `${call.name}:${canonical(call.args)}`,
    }));
};
const resultOf = (result) =>
  result === undefined
    ? { seen: false, ok: true, output: '' }
    : { seen: true, ok: result.ok !== false, output: canonical(result.output ?? '') };

const cycleOf = (keys, index, period, times) => {
  if (index + 1 < period * times) return false;
  for (let back = 0; back < period * (times - 1); back++)
    if (keys[index - back] !== keys[index - back - period]) return false;
  return true;
};
const runOf = (keys, index) => {
  let run = 1;
  while (index - run >= 0 && keys[index - run] === keys[index]) run++;
  return run;
};

/** Rules over an agent's calls, results and words. */
export const eventRules = {
  'the last 5 x k calls are a k-cycle, k to 5 (Gemini)': (events) => {
    const keys = steps(events).map((step) => step.key);
    return firstWhere(keys, (index) => [1, 2, 3, 4, 5].some((period) => cycleOf(keys, index, period, 5)));
  },
  '4 equal steps, 3 failing, 3 monologues, ABABAB, 10 condensations (OpenHands)': (events) => {
    const taken = steps(events).filter((step) => step.seen);
    const whole = taken.map((step) => `${step.key} ${step.output}`);
    const stepAt = firstWhere(taken, (index) => {
      if (runOf(whole, index) >= 4 || (cycleOf(whole, index, 2, 3) && whole[index] !== whole[index - 1])) return true;
      return (
        index >= 2 && [0, 1, 2].every((back) => !taken[index - back].ok && taken[index - back].key === taken[index].key)
      );
    });
    const said = events.filter((event) => event.t !== 'usage' && event.t !== 'round');
    const words = said.map((event) => (event.t === 'assistant_text' ? event.text : Symbol('other')));
    const condensed = said.map((event) => (event.t === 'context_compaction' ? 'condensed' : Symbol('other')));
    return stepAt ?? firstWhere(said, (index) => runOf(words, index) >= 3 || runOf(condensed, index) >= 10);
  },
  'all tiers: 5 in a row, 6 anywhere, 3 x AB, one tool 8 times, a thought 3 times (Qwen)': (events) => {
    const taken = steps(events);
    const keys = taken.map((step) => step.sorted);
    const names = taken.map((step) => step.name);
    const stepAt = firstWhere(
      keys,
      (index) =>
        runOf(keys, index) >= 5 ||
        keys.slice(0, index + 1).filter((key) => key === keys[index]).length >= 6 ||
        (cycleOf(keys, index, 2, 3) && keys[index] !== keys[index - 1]) ||
        runOf(names, index) >= 8,
    );
    const thoughts = events.filter((event) => event.t === 'thought').map((event) => event.text);
    return (
      stepAt ??
      firstWhere(
        thoughts,
        (index) => thoughts.slice(0, index + 1).filter((text) => text === thoughts[index]).length >= 3,
      )
    );
  },
};
