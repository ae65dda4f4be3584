import { expect } from 'chai';
import fc from 'fast-check';
import { isJsonObject } from '#sampling/agent-stream/json-grammar';

const parses = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
};

describe('the grammar of a record', () => {
  it('agrees with the parser on every object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 5 })), (value) => {
        expect(isJsonObject(JSON.stringify(value))).to.equal(true);
        expect(isJsonObject(JSON.stringify(value, null, 2))).to.equal(true);
      }),
    );
  });

  it('agrees with the parser when something in the text is changed', () => {
    const marks = '{}[]:,"\\ 0123456789.-+eEtrufalsn/bx\t\n\u0001é';
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })),
        fc.array(fc.record({ at: fc.nat(), drop: fc.integer({ min: 0, max: 2 }), mark: fc.nat(marks.length - 1) }), {
          minLength: 1,
          maxLength: 3,
        }),
        (value, changes) => {
          const text = changes.reduce((seen, { at, drop, mark }) => {
            const place = 1 + (at % seen.length);
            return `${seen.slice(0, place)}${marks[mark]}${seen.slice(place + drop)}`;
          }, JSON.stringify(value));
          expect(isJsonObject(text), text).to.equal(parses(text));
        },
      ),
      { numRuns: 3000 },
    );
  });

  const broken: readonly string[] = [
    '',
    '[]',
    '"a"',
    '{',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{,"a":1}',
    '{"a":1 "b":2}',
    '{"a":[1,]}',
    '{"a":[,1]}',
    '{"a":[1}',
    '{"a":01}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":+1}',
    '{"a":-}',
    '{"a":1e}',
    '{"a":truefalse}',
    '{"a":nul}',
    '{"a":"\\x"}',
    '{"a":"\\u12g4"}',
    '{"a":"b}',
    '{"a":"b\\"}',
    "{'a':1}",
    '{"a":1}}',
    '{"a":1} x',
    '{"a":"line\nbreak"}',
  ];
  it('refuses what the parser refuses', () => {
    for (const text of broken) expect([text, isJsonObject(text), parses(text)]).to.deep.equal([text, false, false]);
  });

  it('reads escapes as the parser does', () => {
    for (const text of ['{"a":"\\\\"}', '{"a":"\\"}{"}', '{"a\\n\\u00e9":"\\\\\\""}', '{"a":"\\/"}', ' {"a":1}'.trim()])
      expect([text, isJsonObject(text)]).to.deep.equal([text, parses(text)]);
  });

  it('refuses what nests by the hundred, at no cost', () => {
    const deep = `{"a":${'['.repeat(1_000_000)}`;
    const startedAtMs = performance.now();
    expect(isJsonObject(deep)).to.equal(false);
    expect(performance.now() - startedAtMs).to.be.below(200);
  });
});
