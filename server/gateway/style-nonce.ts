import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';

const nonces = new WeakMap<ServerResponse, string>();

/** Drawn once for each answer; the content security policy and the page must tell the same one. */
export const styleNonceOf = (response: ServerResponse): string => {
  const nonce = nonces.get(response) ?? randomBytes(16).toString('base64url');
  nonces.set(response, nonce);
  return nonce;
};

/** The page carries it where only scripts of the page can read it: browsers hide the attribute from selectors. */
export const withStyleNonce = (html: string, nonce: string): string =>
  html.replace('</head>', `<meta property="csp-nonce" nonce="${nonce}"></head>`);
