import 'reflect-metadata';

/** The keys of Nest's own metadata: the same in Nest 11 and 12, which export them from different places. */
export const INTERCEPTORS = '__interceptors__';
export const FILTERS = '__exceptionFilters__';
export const FILTER_CATCHES = '__filterCatchExceptions__';
export const PROPERTY_DEPENDENCIES = 'self:properties_metadata';
const ROUTE_ARGUMENTS = '__routeArguments__';
const SSE = '__sse__';
const GATEWAY = 'websockets:is_gateway';
const MESSAGE_HANDLER = 'microservices:handler_type';

interface RouteArgument {
  readonly index: number;
  readonly data?: unknown;
}

/** The names that `@Param('id')`, `@Body('id')`, `@Payload('id')` and their kind give the parameters of a method. */
export function requestedNames(
  target: object,
  method: string | symbol,
): readonly { readonly name: string; readonly index: number }[] {
  const found = Reflect.getMetadata(ROUTE_ARGUMENTS, target.constructor, method) as
    | Record<string, RouteArgument>
    | undefined;
  return Object.values(found ?? {}).flatMap(({ index, data }) =>
    typeof data === 'string' ? [{ name: data, index }] : [],
  );
}

/** True for a handler of server-sent events. */
export function isEventStream(handler: object): boolean {
  return Reflect.getMetadata(SSE, handler) === true;
}

export function isGateway(type: object): boolean {
  return Reflect.getMetadata(GATEWAY, type) === true;
}

/** True where a method is called by messages (`@MessagePattern`, `@EventPattern`). */
export function isMessageHandler(method: unknown): boolean {
  return typeof method === 'function' && Reflect.hasMetadata(MESSAGE_HANDLER, method);
}

/** Gives `copy` the metadata and the properties of `original`, so that no other decorator notices the difference. */
export function takeIdentity(copy: object, original: object): void {
  for (const key of Reflect.getOwnMetadataKeys(original) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, original), copy);
  }
  for (const key of Reflect.ownKeys(original)) {
    if (!OF_THE_FUNCTION.includes(key)) {
      Object.defineProperty(copy, key, Object.getOwnPropertyDescriptor(original, key)!);
    }
  }
}

const OF_THE_FUNCTION: readonly (string | symbol)[] = ['prototype', 'arguments', 'caller'];
