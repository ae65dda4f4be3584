import type { RequestHandler, Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import { bucketOf, isKnown, type Principal } from './authenticate.ts';
import { sendProblem } from './problem-details.ts';

const windowMs = 60_000;
const wrongKeysPerWindow = 10;

export interface RateLimits {
  /** Requests of any kind, counted apart for whoever is known and for each unknown peer. */
  readonly requests: RequestHandler;
  /** Wrong keys of one peer. The right key is looked at first and never gets here. */
  readonly wrongKeys: RequestHandler;
}

export const createRateLimits = (how: {
  readonly principalOf: (response: Response) => Principal;
  readonly noteThrottled: (peer: string) => void;
}): RateLimits => {
  const bucket = (response: Response): string => bucketOf(how.principalOf(response));
  const common = { windowMs, standardHeaders: 'draft-8', legacyHeaders: false } as const;
  return {
    requests: rateLimit({
      ...common,
      limit: (_request, response) => (isKnown(how.principalOf(response)) ? 6000 : 600),
      keyGenerator: (_request, response) => bucket(response),
      handler: (_request, response) => tooMany(response, 'Too many requests in this minute.'),
    }),
    wrongKeys: rateLimit({
      ...common,
      limit: wrongKeysPerWindow,
      keyGenerator: (_request, response) => bucket(response),
      skip: (_request, response) => how.principalOf(response).kind !== 'wrong',
      handler: (_request, response, _next, options) => {
        const seen = response.req;
        // Told once in a window, at the first refusal, so that guessing cannot fill the record.
        if ('rateLimit' in seen && isFirstOver(seen.rateLimit)) how.noteThrottled(bucket(response));
        tooMany(response, `More than ${options.limit} wrong keys in this minute.`);
      },
    }),
  };
};

const isFirstOver = (info: unknown): boolean =>
  typeof info === 'object' && info !== null && 'used' in info && info.used === wrongKeysPerWindow + 1;

const tooMany = (response: Response, detail: string): void =>
  sendProblem(response, {
    status: 429,
    code: 'rate-limited',
    detail,
    hint: 'Wait for the time in the Retry-After header.',
  });
