import { expect } from 'chai';
import { renderJunit } from '#cli/render/junit';

describe('JUnit XML of policy tests', () => {
  it('has a suite for each file, with what failed and where, and nothing that XML forbids', () => {
    const xml = renderJunit([
      {
        file: 'a.test.yaml',
        problem: null,
        cases: [
          { name: 'calm & quiet', line: 5, failures: [] },
          { name: 'a "loop"', line: 9, failures: ['expected <firing>\u0007', 'never stop'] },
        ],
      },
      { file: 'b.test.yaml', problem: 'b.test.yaml:1:1: not YAML', cases: [] },
    ]);
    expect(xml.split('\n')).to.deep.equal([
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<testsuites tests="3" failures="1" errors="1">',
      '  <testsuite name="a.test.yaml" tests="2" failures="1" errors="0">',
      '    <testcase classname="a.test.yaml" name="calm &amp; quiet" line="5"/>',
      '    <testcase classname="a.test.yaml" name="a &quot;loop&quot;" line="9">',
      '      <failure message="expected &lt;firing&gt;">a.test.yaml:9',
      'expected &lt;firing&gt;',
      'never stop</failure>',
      '    </testcase>',
      '  </testsuite>',
      '  <testsuite name="b.test.yaml" tests="1" failures="0" errors="1">',
      '    <testcase classname="b.test.yaml" name="the file is valid">',
      '      <error message="b.test.yaml:1:1: not YAML">b.test.yaml:1:1: not YAML</error>',
      '    </testcase>',
      '  </testsuite>',
      '</testsuites>',
      '',
    ]);
  });
});
