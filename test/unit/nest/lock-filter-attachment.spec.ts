import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { Controller, UseFilters } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { WebSocketGateway } from '@nestjs/websockets';
import { AttachedLockFilter, LockFilterAttachment } from '../../../lib/nest/lock-filter-attachment.js';
import { FILTERS } from '../../../lib/nest/nest-metadata.js';

class Own {}

@Controller()
class Plain {}
@Controller()
class Messages {
  @MessagePattern('a')
  a(): void {}
}
@Controller()
class Inheriting extends Messages {}
@WebSocketGateway()
@UseFilters(Own as never)
class Gateway {}

const filter = new AttachedLockFilter(undefined as never, undefined as never);
const filtersOf = (type: object): unknown => Reflect.getOwnMetadata(FILTERS, type) as unknown;

describe('the filter', () => {
  it('is attached behind the own filters of gateways and of classes that hear messages, once', () => {
    const attachment = new LockFilterAttachment(filter);
    for (const type of [Plain, Gateway, Gateway, Inheriting]) attachment.attachTo(type);
    expect(filtersOf(Plain)).toBeUndefined();
    expect(filtersOf(Gateway)).toEqual([filter, Own]);
    expect(filtersOf(Inheriting)).toEqual([filter]);
    attachment.onApplicationShutdown();
  });

  it('is gone when the application is', () => {
    const attachments = [new LockFilterAttachment(filter), new LockFilterAttachment(filter)];
    const other = new LockFilterAttachment(new AttachedLockFilter(undefined as never, undefined as never));
    for (const attachment of [...attachments, other]) attachment.attachTo(Gateway);
    for (const attachment of attachments) attachment.onApplicationShutdown();
    expect(filtersOf(Gateway)).toHaveLength(2);
    other.onApplicationShutdown();
    expect(filtersOf(Gateway)).toEqual([Own]);
    other.attachTo(Messages);
    other.onApplicationShutdown();
    expect(filtersOf(Messages)).toBeUndefined();
  });
});
