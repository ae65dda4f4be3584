import { expect } from 'chai';
import { isColumnTitles } from '#sampling/column-titles';

const areTitles = (line: string): boolean => isColumnTitles(Buffer.from(line), 0, Buffer.byteLength(line));

describe('titles of columns', () => {
  it('are four names or more in columns', () => {
    for (const line of ['Type     Name      # reqs      # fails |    Avg', '  NAME\tREADY\tSTATUS\tRESTARTS\tERRORS'])
      expect(areTitles(line), line).to.equal(true);
  });
  it('are no message, however it is padded, and no row', () => {
    for (const line of [
      'ERROR    door.open    it failed',
      'web    | ERROR | door | it failed',
      '          it failed',
      'GET   /doors   12   3   failed',
      'it failed',
    ])
      expect(areTitles(line), line).to.equal(false);
  });
});
