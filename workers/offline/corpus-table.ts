import type { CorpusReport, ScoredCase, ScoredEntry } from './scan-corpus.ts';

const levels = ['none', 'observe', 'warn', 'act'] as const;

/** The confusion table of a corpus, by label, by kind and by tier, as Markdown. */
export const corpusTable = (report: CorpusReport): string => {
  const parts = [
    table('label', report.streams, ({ entry }) => entry.label),
    table('kind', report.streams, ({ entry }) => `${entry.label}: ${entry.kind}`),
  ];
  if (report.cases.length > 0) parts.push(caseTable(report.cases));
  return parts.join('\n\n');
};

const table = (head: string, rows: readonly ScoredEntry[], nameOf: (row: ScoredEntry) => string): string => {
  const names = [...new Set(rows.map(nameOf))].sort();
  const lines = names.map((name) => {
    const own = rows.filter((row) => nameOf(row) === name);
    const counts = levels.map((level) => own.filter((row) => row.result.level === level).length);
    return `| ${name} | ${own.length} | ${counts.join(' | ')} |`;
  });
  return [`| ${head} | streams | ${levels.join(' | ')} |`, '|---|---|---|---|---|---|', ...lines].join('\n');
};

const caseTable = (cases: readonly ScoredCase[]): string => {
  const nameOf = (one: ScoredCase): string => `${one.tier}: ${one.kind}`;
  const names = [...new Set(cases.map(nameOf))].sort();
  const lines = names.map((name) => {
    const own = cases.filter((one) => nameOf(one) === name);
    const count = (expected: string, right: boolean): number =>
      own.filter((one) => one.expected === expected && one.isRight === right).length;
    return `| ${name} | ${count('loop', true)} | ${count('loop', false)} | ${count('no_loop', false)} | ${count('no_loop', true)} |`;
  });
  return [
    '| cases | loops caught | loops missed | false alarms | rightly silent |',
    '|---|---|---|---|---|',
    ...lines,
  ].join('\n');
};
