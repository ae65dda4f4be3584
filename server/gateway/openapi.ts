import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import type { Route } from './route.ts';

const problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.string(),
  hint: z.string(),
  requestId: z.string(),
});

/** The API as OpenAPI 3.1, from the very schemas that check requests. */
export const openApiOf = (version: string, routes: readonly Route[]): object => {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'key', { type: 'http', scheme: 'bearer' });
  for (const described of routes) {
    for (const path of described.paths) registry.registerPath(toConfig(described, path));
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'FlowForge',
      version,
      description: 'Ids are ULIDs, times epoch milliseconds; errors are RFC 9457 problem details with a hint.',
    },
  });
};

const toConfig = (described: Route, path: string): RouteConfig => {
  const { params, query, body } = described.schemas;
  return {
    method: described.method,
    path: path.replace(/:(\w+)/g, '{$1}'),
    summary: described.summary,
    ...(described.door === 'owner' && { description: 'Over the unix socket only.' }),
    security: described.door === 'key' ? [{ key: [] }] : [],
    request: {
      ...(isShape(params) && { params }),
      ...(isShape(query) && { query }),
      ...(described.method === 'post' &&
        isShape(body) && { body: { content: { 'application/json': { schema: body } } } }),
    },
    responses: {
      default: { description: described.returns },
      '4XX': { description: 'Problem', content: { 'application/problem+json': { schema: problem } } },
    },
  };
};

const isShape = (schema: z.ZodType): schema is z.ZodObject =>
  schema instanceof z.ZodObject && Object.keys(schema.shape).length > 0;
