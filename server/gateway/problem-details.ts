import type { ErrorRequestHandler, Response } from 'express';
import type { Problem } from '#protocol/gateway-api';
import { DeadlineError } from '#runtime/within';

/** What a handler says when it will not do what was asked. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly hint: string;
}

const titles: Readonly<Record<number, string>> = {
  400: 'The request cannot be understood',
  401: 'Who are you?',
  403: 'Not allowed',
  404: 'Not found',
  409: 'It cannot be done now',
  413: 'The body is too large',
  415: 'The content type is not JSON',
  421: 'This host is not served here',
  429: 'Too many requests',
  500: 'FlowForge failed',
  503: 'Not available now',
  504: 'No answer in time',
};

export const toProblem = (refusal: Refusal, requestId: string): Problem => ({
  type: `urn:flowforge:problem:${refusal.code}`,
  title: titles[refusal.status] ?? 'Refused',
  status: refusal.status,
  detail: refusal.detail,
  code: refusal.code,
  hint: refusal.hint,
  requestId,
});

export const sendProblem = (response: Response, refusal: Refusal): void => {
  response
    .status(refusal.status)
    .type('application/problem+json')
    .send(JSON.stringify(toProblem(refusal, requestIdOf(response))));
};

/** Every answer carries the id that the audit record of the same request carries. */
export const requestIdOf = (response: Response): string => String(response.getHeader('x-request-id') ?? '');

/** The door at which errors end: what a client did wrong is told, what we did wrong is told without its insides. */
export const answerErrors =
  (note: (error: unknown) => void): ErrorRequestHandler =>
  (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const refusal = refusalOf(error);
    if (refusal.status >= 500) note(error);
    sendProblem(response, refusal);
  };

const refusalOf = (error: unknown): Refusal => {
  const status = statusOf(error);
  if (status === 413) return tooLarge;
  if (status === 400 || status === 415)
    return { status, code: 'malformed', detail: messageOf(error), hint: 'Send UTF-8 JSON.' };
  if (error instanceof DeadlineError) return { ...noAnswer, detail: error.message };
  return {
    status: 500,
    code: 'internal',
    detail: 'The request failed inside FlowForge.',
    hint: 'See `flowforge daemon logs` for the request id.',
  };
};

const tooLarge: Refusal = {
  status: 413,
  code: 'too-large',
  detail: 'The body is larger than this route takes.',
  hint: 'At most 64 KiB of JSON.',
};

const noAnswer: Refusal = {
  status: 504,
  code: 'no-answer',
  detail: '',
  hint: 'Ask again; `flowforge daemon status` tells how the workers are.',
};

const statusOf = (error: unknown): number =>
  typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number'
    ? error.status
    : 500;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
