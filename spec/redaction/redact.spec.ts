import { expect } from 'chai';
import fc from 'fast-check';
import { createLineRedactor, createRedactor, mask } from '#redaction/redact';
import { isSecretName, secretValuesOf } from '#redaction/secret-names';

const plain = createRedactor();
// Put together at run time, so that no scanner of this repository takes them for real.
const shape = (...parts: string[]): string => parts.join('');

describe('redaction', () => {
  const canary = 'Tr0ub4dor&3/"x y"+z~q';
  const writings: readonly [string, string][] = [
    ['as it is', canary],
    ['in JSON', JSON.stringify({ message: canary })],
    ['in JSON within JSON', JSON.stringify({ message: JSON.stringify({ m: canary }) })],
    ['in a URL', `https://example.org/?q=${encodeURIComponent(canary)}`],
    ['in a form', new URLSearchParams({ q: canary }).toString()],
    ['in base64', Buffer.from(canary).toString('base64')],
    ['in base64 after one byte', Buffer.from(`:${canary}`).toString('base64')],
    ['in base64 after a user name', Buffer.from(`me:${canary}`).toString('base64')],
    ['in base64 with more behind', Buffer.from(`${canary}, and more`).toString('base64')],
    ['in base64url', Buffer.from(canary).toString('base64url')],
    ['in hex', Buffer.from(canary).toString('hex')],
    ['twice', `${canary} ${canary}`],
  ];
  for (const [how, text] of writings) {
    it(`hides a known value ${how}`, () => {
      const shown = createRedactor([canary]).text(`before ${text} after`);
      expect(shown).to.contain(mask).and.contain('before ').and.contain(' after');
      expect(shown).not.to.contain('Tr0ub4dor');
    });
  }

  const shapes: readonly [string, string][] = [
    ['an OpenAI key', shape('sk-', 'proj-', 'abcDEF123456abcDEF123456')],
    ['an Anthropic key', shape('sk-', 'ant-api03-', 'Zz09_-Zz09_-Zz09_-Zz09')],
    ['a GitHub token', shape('gh', 'p_', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8')],
    ['a fine-grained GitHub token', shape('github', '_pat_', '11ABCDEFG0123456789_abcdefghijklmnopqrstuvwxyz')],
    ['a Slack token', shape('xo', 'xb-', '123456789012-abcdefGHIJKL')],
    ['an AWS key id', shape('AK', 'IA', 'ABCDEFGHIJKLMNOP')],
    ['a JWT', shape('ey', 'JhbGciOiJIUzI1NiJ9', '.', 'ey', 'JzdWIiOiIxMjM0NTY3ODkwIn0', '.dozjgNryP4J3jVmNHl0w5N')],
    ['a private key', shape('-----BEGIN RSA PRIV', 'ATE KEY-----\nMIIEow==\n-----END RSA PRIV', 'ATE KEY-----')],
  ];
  for (const [what, secret] of shapes) {
    it(`knows the shape of ${what}`, () => {
      expect(plain.text(`got ${secret}, ok`)).to.equal(`got ${mask}, ok`);
    });
  }

  const pairs: readonly [string, string][] = [
    ['Authorization: Bearer abcdef123456', `Authorization: Bearer ${mask}`],
    ['{"password": "correct horse battery"}', `{"password": "${mask}"}`],
    ['{\\"api_key\\":\\"abcd1234efgh\\"}', `{\\"api_key\\":\\"${mask}\\"}`],
    ['export OPENAI_API_KEY=abcd1234efgh', `export OPENAI_API_KEY=${mask}`],
    ['connecting with password=hunter2 now', `connecting with password=${mask} now`],
    ['GET /x?access_token=abc123def456&page=2', `GET /x?access_token=${mask}&page=2`],
    ['postgres://app:s3cret@db:5432/main', `postgres://app:${mask}@db:5432/main`],
    ['https://ghtokenghtoken1234@github.com/x.git', `https://${mask}@github.com/x.git`],
  ];
  for (const [text, shown] of pairs)
    it(`shows ${JSON.stringify(text)} without its secret`, () => expect(plain.text(text)).to.equal(shown));

  const harmless = [
    'commit 9fceb02d0ae598e95dc970b74767f19372d61af8 merged',
    'request 123e4567-e89b-12d3-a456-426614174000 took 12 ms',
    'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'input_tokens: 123456, output_tokens=99, max_tokens: 4096',
    'SyntaxError: unexpected token: identifier',
    '::flowforge progress=12/100 token=ab12::',
    'password: ',
    'token = null, secret: false, api_key=$OPENAI_API_KEY',
    'http://127.0.0.1:8080/incidents?cursor=42',
    'pip install sk-learn-contrib-extras-package',
    'step 4 of 100, loss 0.4231, epoch 3',
    'the task-1234567890123456 key is a primary key: 17',
  ];
  for (const text of harmless)
    it(`leaves ${JSON.stringify(text.slice(0, 60))} alone`, () => expect(plain.text(text)).to.equal(text));

  it('hides what follows a telling option, and nothing else of the command', () => {
    const shown = plain.argv([
      'tool',
      '--api-key=abc',
      '--token',
      'xyz',
      '--max-tokens',
      '100',
      '-u',
      'me:pw',
      '--secret-file',
      '/run/s',
      'DB_PASSWORD=abc',
    ]);
    expect(shown).to.deep.equal([
      'tool',
      `--api-key=${mask}`,
      '--token',
      mask,
      '--max-tokens',
      '100',
      '-u',
      mask,
      '--secret-file',
      '/run/s',
      `DB_PASSWORD=${mask}`,
    ]);
  });

  it('takes secrets from an environment by their names, and passwords out of URLs', () => {
    const env = {
      PATH: '/usr/bin',
      GITHUB_TOKEN: 'aaaa1111',
      DATABASE_URL: 'postgres://u:p%40ssw0rd@h/d',
      SSH_AUTH_SOCK: '/tmp/s',
      OLDPWD: '/x',
      EMPTY_KEY: '',
    };
    expect(secretValuesOf(env)).to.deep.equal(['aaaa1111', 'p%40ssw0rd', 'p@ssw0rd']);
    expect(['MAX_TOKENS', 'KEYBOARD_LAYOUT', 'TOKEN_TTL', 'PWD', 'AUTHOR'].filter(isSecretName)).to.deep.equal([]);
    expect(
      ['API_KEY', 'apikey', 'NPM_TOKEN', 'PGPASSWORD', 'AWS_SECRET_ACCESS_KEY'].filter((name) => !isSecretName(name)),
    ).to.deep.equal([]);
  });

  it('hides the inside of a private key line by line, up to its end', () => {
    const redact = createLineRedactor(plain);
    const lines = [
      'start',
      shape('-----BEGIN PRIV', 'ATE KEY-----'),
      'short',
      shape('-----END PRIV', 'ATE KEY-----'),
      'done',
    ];
    expect(lines.map(redact)).to.deep.equal(['start', mask, mask, mask, 'done']);
    expect(plain.text('MIIEpAIBAAKCAQEA1c7YF0t2Vw9Jm3pQnQ4b8xRkTz5uLhGsDfAeWcXyZoPiUaSd')).to.equal(mask);
  });

  it('lets no known value through, whatever stands around it', () => {
    const secret = fc
      .string({ minLength: 12, maxLength: 40, unit: 'grapheme-ascii' })
      .filter((text) => text.trim() === text);
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (value, before, after) => {
        const redactor = createRedactor([value]);
        for (const text of [
          before + value + after,
          JSON.stringify(before + value + after),
          encodeURIComponent(value),
        ]) {
          const shown = redactor.text(text);
          // What is left may hold the value only by being made of the mask itself.
          if (!mask.includes(value) && shown.includes(value)) expect.fail(`${value} is in ${shown}`);
        }
      }),
    );
  });

  it('changes nothing the second time', () => {
    const words = fc.constantFrom(
      'password=',
      'token: ',
      '"secret":"',
      'Bearer ',
      'https://',
      '@',
      ':',
      'abc123def456',
      'sk-',
      ' ',
      '\n',
      '"',
      "'",
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 30 }), (parts) => {
        const once = plain.text(parts.join(''));
        expect(plain.text(once)).to.equal(once);
      }),
    );
  });

  it('looks for the next secret in what it left of the one before', () => {
    expect(plain.text('token: "secret":"abc123def456"')).to.equal('token: "secret":"[redacted]"');
    expect(plain.text('Bearer token-abc123def456')).to.equal('Bearer [redacted]');
    expect(plain.text('Bearer authorization=Bearer abc123def456')).to.not.contain('abc123');
    expect(plain.text('password=token: "secret":"abc123def456"')).to.not.contain('abc123');
  });

  it('takes time in proportion to the line, whatever the line', () => {
    const hostile = [
      'sk-',
      'eyJ-',
      'a:',
      'http://a:',
      'token=',
      '-----BEGIN PRIVATE KEY-----',
      'password"',
      'Bearer  ',
      'a',
      'x@',
      '"\\',
      'token=<',
      'token="<',
      'token: "secret":',
    ];
    for (const unit of hostile) {
      const cost = (bytes: number): number => {
        const line = unit.repeat(Math.ceil(bytes / unit.length));
        const started = performance.now();
        plain.text(line);
        return performance.now() - started;
      };
      cost(4_096);
      const best = Math.min(cost(16_384), cost(16_384), cost(16_384));
      expect(best, `16 KB of ${unit}`).to.be.below(250);
    }
  });
});
