import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  Inject,
  Injectable,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import type { LockError } from '../errors.js';
import { LockExceptionFilter } from './lock-exception.filter.js';
import { FILTER_CATCHES, FILTERS, isGateway, isMessageHandler } from './nest-metadata.js';

/** Words LockErrors in classes that it is attached to, where the application's global filters do not. */
@Injectable()
@Catch(...(Reflect.getMetadata(FILTER_CATCHES, LockExceptionFilter) as (abstract new () => unknown)[]))
export class AttachedLockFilter implements ExceptionFilter<LockError> {
  private readonly words: LockExceptionFilter;

  constructor(
    @Inject(ApplicationConfig) private readonly config: ApplicationConfig,
    @Inject(HttpAdapterHost) private readonly http: HttpAdapterHost,
  ) {
    this.words = new LockExceptionFilter(http);
  }

  catch(error: LockError, host: ArgumentsHost): unknown {
    const filter = this.globalFilterFor(error, host) ?? this.words;
    // A filter's method, not a promise's.
    // oxlint-disable-next-line promise/valid-params
    return filter.catch(error, host);
  }

  /** Where global filters reach, the application's come first: a filter of a class would otherwise hide them. */
  private globalFilterFor(error: LockError, host: ArgumentsHost): ExceptionFilter | undefined {
    const type = host.getType<string>();
    // Nest's messages in an application that also speaks HTTP are asked no global filters, unless told to.
    const isOutOfReach = type === 'ws' || (type === 'rpc' && isHybrid(this.http));
    return isOutOfReach ? undefined : this.config.getGlobalFilters().findLast((each) => catches(each, error));
  }
}

/**
 * Brings the filter to classes that no global filter of Nest reaches: gateways, and the message handlers of a hybrid
 * application that was not told to inherit its configuration. It is asked after the class's own filters.
 */
export class LockFilterAttachment implements OnApplicationShutdown {
  private readonly attached: object[] = [];

  constructor(private readonly filter: AttachedLockFilter) {}

  attachTo(type: { readonly prototype: object }): void {
    if (!isGateway(type) && !hasMessageHandler(type.prototype)) return;
    const others = (Reflect.getMetadata(FILTERS, type) ?? []) as unknown[];
    if (others.includes(this.filter)) return;
    // Nest asks them from the last to the first.
    Reflect.defineMetadata(FILTERS, [this.filter, ...others], type);
    this.attached.push(type);
  }

  /** The classes may serve another application of the process. */
  onApplicationShutdown(): void {
    for (const type of this.attached.splice(0)) {
      const filters = (Reflect.getOwnMetadata(FILTERS, type) ?? []) as unknown[];
      const others = filters.filter((each) => each !== this.filter);
      if (others.length > 0) Reflect.defineMetadata(FILTERS, others, type);
      else Reflect.deleteMetadata(FILTERS, type);
    }
  }
}

function isHybrid(http: HttpAdapterHost): boolean {
  return Boolean(http.httpAdapter?.getHttpServer?.());
}

function catches(filter: ExceptionFilter | undefined, error: LockError): boolean {
  if (!filter) return false;
  const types = Reflect.getMetadata(FILTER_CATCHES, filter.constructor) as (new () => unknown)[] | undefined;
  return !types || types.length === 0 || types.some((type) => error instanceof type);
}

function hasMessageHandler(prototype: object): boolean {
  for (
    let each = prototype;
    each && each !== Object.prototype;
    each = Object.getPrototypeOf(each) as object
  ) {
    const descriptors = Object.values(Object.getOwnPropertyDescriptors(each));
    if (descriptors.some(({ value }) => isMessageHandler(value))) return true;
  }
  return false;
}
