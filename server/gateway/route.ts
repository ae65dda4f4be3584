import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Principal } from './authenticate.ts';
import type { Refusal } from './problem-details.ts';
import type { Site } from './site.ts';

/** `open` answers anybody on this machine, `key` whoever is known, `owner` what comes over the unix socket. */
export type Door = 'open' | 'key' | 'owner';

/** `taken` means that the handler writes the answer itself, as a stream does. */
export type Reply =
  | { readonly kind: 'json'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'text'; readonly contentType: string; readonly body: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'taken' };

/** A request after every check: who, what exactly, and the id under which it is recorded. */
export interface Call<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly principal: Principal;
  readonly requestId: string;
  readonly request: Request;
  readonly response: Response;
}

interface Description {
  readonly method: 'get' | 'post';
  /** The first is the one that is documented; the others are kept for those who know them. */
  readonly paths: readonly string[];
  readonly door: Door;
  readonly summary: string;
  /** What comes back, in words and by the name of its type in the contract. */
  readonly returns: string;
  readonly bodyLimitBytes?: number;
}

interface Definition<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> extends Description {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  handle(call: Call<z.output<P>, z.output<Q>, z.output<B>>, site: Site): Promise<Reply> | Reply;
}

export interface Route extends Description {
  readonly schemas: { readonly params: z.ZodType; readonly query: z.ZodType; readonly body: z.ZodType };
  run(call: Call<unknown, unknown, unknown>, site: Site): Promise<Reply>;
}

/** Nothing may be sent. */
export const nothing = z.strictObject({});

/** Closes over the types of one route, so that a table can hold them all. */
export const route = <P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  definition: Definition<P, Q, B>,
): Route => {
  const { params, query, body, handle, ...description } = definition;
  return {
    ...description,
    schemas: { params, query, body },
    run: async (raw, site) => {
      const inPath = params.safeParse(raw.params);
      if (!inPath.success) return refused(invalid(inPath.error));
      const inQuery = query.safeParse(raw.query);
      if (!inQuery.success) return refused(invalid(inQuery.error));
      const inBody = body.safeParse(raw.body);
      if (!inBody.success) return refused(invalid(inBody.error));
      return handle({ ...raw, params: inPath.data, query: inQuery.data, body: inBody.data }, site);
    },
  };
};

export const json = (body: unknown, status = 200): Reply => ({ kind: 'json', status, body });
export const refused = (refusal: Refusal): Reply => ({ kind: 'refused', refusal });

const invalid = (error: z.ZodError): Refusal => {
  const [issue] = error.issues;
  const path = issue?.path.join('.') ?? '';
  const names = issue?.code === 'unrecognized_keys' ? issue.keys : [];
  return {
    status: 400,
    code: 'invalid',
    detail: `${path === '' ? 'request' : path}: ${issue?.message ?? 'not understood'}`,
    hint: names.includes('pid')
      ? 'A pid is handed out again by the kernel, so it names nothing here. Send the runId; `GET /v1/runs` lists them.'
      : 'See /v1/openapi.json for what this route takes.',
  };
};
