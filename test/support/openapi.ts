/** A JSON Schema as the OpenAPI document carries it; tests read the few keywords that they know. */
export interface JsonSchema {
  type?: string | string[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  $ref?: string;
  additionalProperties?: boolean | JsonSchema;
  pattern?: string;
  format?: string;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query';
  required: boolean;
  schema: JsonSchema;
}

/** One method of one path, as the server describes it. */
export interface Operation {
  /** `POST /v1/invoices/{id}:void`. */
  name: string;
  method: string;
  path: string;
  parameters: Parameter[];
  /** Of a JSON body. */
  body: JsonSchema | undefined;
  /** False for what may be asked without credentials. */
  secured: boolean;
  /** Status codes and classes that the document lists. */
  statuses: string[];
  /** True where the answer is a page of a list. */
  paged: boolean;
}

interface Described {
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: JsonSchema }> };
  security?: unknown[];
  responses: Record<string, { content?: Record<string, { schema: JsonSchema }> }>;
}

/** Every operation of an OpenAPI document, in its order. */
export function operationsOf(document: { paths: Record<string, Record<string, Described>> }): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => {
      const { parameters = [], requestBody, security = [], responses } = described;
      const names = new Set(parameters.filter((each) => each.in === 'query').map((each) => each.name));
      return {
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path,
        parameters,
        body: requestBody?.content['application/json']?.schema,
        secured: security.length > 0,
        statuses: Object.keys(responses),
        paged: names.has('limit') && names.has('cursor'),
      };
    }),
  );
}
