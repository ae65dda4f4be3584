import type { CaseReport } from '#policy/policy-test';

/** One file of tests; `problem` where it could not be run at all. */
export interface TestedFile {
  readonly file: string;
  readonly cases: readonly CaseReport[];
  readonly problem: string | null;
}

/** JUnit XML, as CI servers read it: a suite for each file, an error where a file is not valid. */
export const renderJunit = (tested: readonly TestedFile[]): string => {
  const cases = tested.reduce((sum, one) => sum + Math.max(1, one.cases.length), 0);
  const failures = tested.reduce((sum, one) => sum + failed(one), 0);
  const errors = tested.filter(({ problem }) => problem !== null).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${cases}" failures="${failures}" errors="${errors}">`,
    ...tested.map(suiteOf),
    '</testsuites>',
    '',
  ].join('\n');
};

const failed = ({ cases }: TestedFile): number => cases.filter(({ failures }) => failures.length > 0).length;

const suiteOf = (one: TestedFile): string => {
  const { file, cases, problem } = one;
  const head = `  <testsuite name="${escapeXml(file)}" tests="${Math.max(1, cases.length)}" failures="${failed(one)}" errors="${problem === null ? 0 : 1}">`;
  const body =
    problem === null
      ? cases.map((test) => caseOf(file, test))
      : [
          `    <testcase classname="${escapeXml(file)}" name="the file is valid">`,
          `      <error message="${escapeXml(problem.split('\n')[0] ?? '')}">${escapeXml(problem)}</error>`,
          '    </testcase>',
        ];
  return [head, ...body, '  </testsuite>'].join('\n');
};

const caseOf = (file: string, { name, line, failures }: CaseReport): string => {
  const head = `    <testcase classname="${escapeXml(file)}" name="${escapeXml(name)}" line="${line}"`;
  if (failures.length === 0) return `${head}/>`;
  const [first = ''] = failures;
  return `${head}>\n      <failure message="${escapeXml(first)}">${escapeXml(`${file}:${line}\n${failures.join('\n')}`)}</failure>\n    </testcase>`;
};

const entities: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };

/** What XML has no way to say is left out. */
const escapeXml = (text: string): string =>
  text.replaceAll(/[^\P{Cc}\t\n\r]/gu, '').replaceAll(/[<>&"]/g, (found) => entities[found] ?? found);
