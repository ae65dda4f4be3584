/** The parts of a JSON schema that an editor speaks of. */
export interface Schema {
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly required?: readonly string[];
}

/** Every shape that may stand at a path; several where the schema leaves a choice. */
export const shapesAt = (schema: Schema, path: readonly string[]): readonly Schema[] =>
  path.reduce<readonly Schema[]>(
    (shapes, segment) => shapes.flatMap((shape) => stepInto(shape, segment)),
    [...variantsOf(schema)],
  );

const stepInto = (shape: Schema, segment: string): readonly Schema[] => {
  if (segment === '[]') return shape.items === undefined ? [] : variantsOf(shape.items);
  const next = shape.properties?.[segment] ?? shape.additionalProperties;
  return typeof next === 'object' ? variantsOf(next) : [];
};

const variantsOf = (schema: Schema): readonly Schema[] => {
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  if (choices.length === 0) return [schema];
  return choices.flatMap(variantsOf).map((choice) => withWords(choice, schema.description));
};

const withWords = (schema: Schema, description: string | undefined): Schema =>
  schema.description === undefined && description !== undefined ? { ...schema, description } : schema;

/** What may be written as a plain value: the words of enums and constants. */
export const wordsOf = (shape: Schema): readonly string[] => {
  const words = [...(shape.enum ?? []), ...(shape.const === undefined ? [] : [shape.const])];
  return [...words, ...(shape.type === 'boolean' ? [true, false] : [])].map(String);
};

/** `text`, `number`, `list`, … as one short word beside a key. */
export const kindOf = (shape: Schema): string => {
  if (shape.enum !== undefined || shape.const !== undefined) return 'one of';
  const type = typeof shape.type === 'string' ? shape.type : (shape.type?.[0] ?? '');
  return { object: 'map', array: 'list', string: 'text', integer: 'number' }[type] ?? type;
};
