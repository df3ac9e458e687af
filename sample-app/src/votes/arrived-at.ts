import { createParamDecorator } from '@nestjs/common';

/** When the request's arguments were made, before the lock; on the monotonic clock, in milliseconds. */
export const ArrivedAt = createParamDecorator(() => performance.now());
