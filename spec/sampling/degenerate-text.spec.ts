import { expect } from 'chai';
import fc from 'fast-check';
import { createDegenerateText, judgeTail } from '#sampling/degenerate-text';

const levelOf = (text: string, factor = 1): string => judgeTail(text, factor)?.level ?? 'none';

describe('degenerate text', () => {
  it('is a long unit ten times, or a short one twenty times and two hundred characters', () => {
    expect(levelOf('The hens are all inside the barn now. '.repeat(10))).to.equal('act');
    expect(levelOf('yes, agreed\n'.repeat(20))).to.equal('act');
    expect(levelOf('cluck\n\n'.repeat(400))).to.equal('act');
  });

  it('is worth a warning at half of that', () => {
    expect(levelOf('The hens are all inside the barn now. '.repeat(5))).to.equal('warn');
    expect(levelOf('yes, agreed\n'.repeat(12))).to.equal('warn');
  });

  it('finds the unit and counts it', () => {
    const found = judgeTail(`An ordinary beginning, and then: ${'one two three '.repeat(40)}`);
    expect(found).to.include({ unitChars: 14, repeats: 40 });
  });

  it('hears digits and capitals chanted as well', () => {
    expect(levelOf('01234'.repeat(100))).to.equal('act');
    expect(levelOf('SELECT '.repeat(60))).to.equal('act');
  });

  it('is not a divider, a frame or a row of dots', () => {
    for (const row of ['─═'.repeat(400), '-'.repeat(800), '* * '.repeat(200), '\n'.repeat(500)])
      expect(levelOf(row)).to.equal('none');
  });

  it('is not a list whose items share a long beginning', () => {
    const list = Array.from({ length: 40 }, (_, index) => `- farm/north/barn/stall/${index}\n`).join('');
    expect(levelOf(list)).to.equal('none');
  });

  it('is not a table, nor a list of checks', () => {
    const rows = Array.from({ length: 60 }, (_, row) => `| stall ${row} | ${row * 7} apples | ripe |\n`).join('');
    expect(levelOf(`| where | what | how |\n|---|---|---|\n${rows}`)).to.equal('none');
    expect(levelOf(Array.from({ length: 60 }, (_, row) => `- [x] gate ${row} is shut\n`).join(''))).to.equal('none');
  });

  it('is not what the text has recovered from', () => {
    expect(levelOf(`${'around and around '.repeat(50)}but then the fox came and everybody ran.`)).to.equal('none');
  });

  it('takes four times as much inside a code fence', () => {
    const watch = createDegenerateText();
    watch.push(`\`\`\`\n${'emit(value_of_n);\n    '.repeat(15)}`);
    expect(watch.end()).to.equal(null);
    expect(watch.push('emit(value_of_n);\n    '.repeat(60))?.level).to.equal('act');
  });

  it('takes four times as much behind tildes, in rows of a table, and in indented code, too', () => {
    const row = '| beets | 12 crates | north barn |\n';
    const code = '        push(0x90, next_slot(table));\n';
    for (const text of [row, code]) {
      expect(levelOf(text.repeat(15))).to.equal('none');
      expect(levelOf(text.repeat(40))).to.equal('act');
    }
    const fenced = createDegenerateText();
    expect(fenced.whole(`~~~\n${'press(button, twice);\n'.repeat(15)}`)).to.equal(null);
  });

  it('tells each level once, while the text streams', () => {
    const watch = createDegenerateText();
    const told = Array.from({ length: 400 }, () => watch.push('court\n\n  ')).filter((found) => found !== null);
    expect(told.map((found) => found.level)).to.deep.equal(['act']);
    watch.restart();
    expect(watch.push('court\n\n  '.repeat(100))?.level).to.equal('act');
  });

  it('says nothing of random letters', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 400, maxLength: 1_000, unit: fc.constantFrom(...'abcdefghijklmnop ') }),
        (text) => {
          expect(levelOf(text)).to.equal('none');
        },
      ),
      { numRuns: 50 },
    );
  });

  it('says act of anything with a letter in it that is repeated often enough', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 20, maxLength: 200, unit: fc.constantFrom(...'abcdefgh .,') }), (unit) => {
        fc.pre(/[a-h]/.test(unit));
        expect(levelOf(unit.repeat(20))).to.equal('act');
      }),
      { numRuns: 100 },
    );
  });
});
