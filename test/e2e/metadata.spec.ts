import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Body,
  type CanActivate,
  Controller,
  createParamDecorator,
  type ExecutionContext,
  Get,
  Header,
  HttpCode,
  Inject,
  Injectable,
  Param,
  Post,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiOperation, ApiProperty, ApiResponse, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import {
  CurrentLock,
  DistributedLock,
  DistributedLockModule,
  LockHandle,
  memoryStore,
} from 'nestjs-distributed-lock';
import { LockLog } from './support/lock-log.js';
import { PLATFORMS, send, serve, type Served } from './support/platforms.js';

class Vote {
  @ApiProperty() userSeq!: number;
}

@Injectable()
class Roles implements CanActivate {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const role = this.reflector.get<string>('role', context.getHandler());
    return context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['role'] === role;
  }
}

const HandlerName = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.getHandler().name,
);

/** Every decorator below the lock. */
@Controller('below')
class Below {
  @DistributedLock('vote:#<id>')
  @Get('get/:id')
  async get(@Param('id') id: string): Promise<string> {
    return id;
  }

  @DistributedLock('vote:#<id>')
  @Post(':id')
  @HttpCode(202)
  @Header('x-test', 'yes')
  @UseGuards(Roles)
  @SetMetadata('role', 'voter')
  @ApiOperation({ summary: 'votes' })
  @ApiResponse({ status: 202, type: Vote })
  async vote(@Param('id') id: string, @Body() vote: Vote, @HandlerName() name: string): Promise<object> {
    return { id, vote, name };
  }
}

/** Every decorator above it. */
@Controller('above')
class Above {
  @Get('get/:id')
  @DistributedLock('vote:#<id>')
  async get(@Param('id') id: string): Promise<string> {
    return id;
  }

  @Post(':id')
  @HttpCode(202)
  @Header('x-test', 'yes')
  @UseGuards(Roles)
  @SetMetadata('role', 'voter')
  @ApiOperation({ summary: 'votes' })
  @ApiResponse({ status: 202, type: Vote })
  @DistributedLock('vote:#<id>')
  async vote(@Param('id') id: string, @Body() vote: Vote, @HandlerName() name: string): Promise<object> {
    return { id, vote, name };
  }
}

/** No lock at all: what the documents of the others are compared with. */
@Controller('without')
class Without {
  @Get('get/:id')
  async get(@Param('id') id: string): Promise<string> {
    return id;
  }

  @Post(':id')
  @HttpCode(202)
  @Header('x-test', 'yes')
  @UseGuards(Roles)
  @SetMetadata('role', 'voter')
  @ApiOperation({ summary: 'votes' })
  @ApiResponse({ status: 202, type: Vote })
  async vote(@Param('id') id: string, @Body() vote: Vote, @HandlerName() name: string): Promise<object> {
    return { id, vote, name };
  }
}

@Controller('current')
class Current {
  @Post(':id')
  @DistributedLock('vote:#<id>')
  async vote(@Param('id') id: string, @CurrentLock() lock: LockHandle): Promise<string> {
    return id + lock.key;
  }
}

describe.each(PLATFORMS)('decorators beside the lock on %s', (platform) => {
  let served: Served;
  let log: LockLog;

  beforeAll(async () => {
    served = await serve(platform, {
      imports: [DistributedLockModule.forRoot({ store: memoryStore() })],
      controllers: [Below, Above, Without, Current],
    });
    log = new LockLog();
  });
  afterAll(async () => {
    log.stop();
    await served.app.close();
  });
  beforeEach(() => log.clear());

  it.each(['below', 'above'])('route, guard, status, header and metadata work %s it', async (place) => {
    const url = `${served.url}/${place}`;
    expect((await send(`${url}/get/7`, { method: 'GET' })).text).toBe('7');
    expect((await send(`${url}/7`, { body: {} })).status).toBe(403);
    const answer = await send(`${url}/7`, { body: { userSeq: 7 }, headers: { role: 'voter' } });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('x-test')).toBe('yes');
    expect(answer.json()).toEqual({ id: '7', vote: { userSeq: 7 }, name: 'vote' });
    expect(log.entries).toEqual(['granted vote:7', 'released vote:7', 'granted vote:7', 'released vote:7']);
  });

  it('the OpenAPI document is that of the same handlers without it', () => {
    const document = SwaggerModule.createDocument(served.app, new DocumentBuilder().build());
    const of = (name: string): unknown => {
      const [path, lower] = [`/${name}`, name.toLowerCase()];
      const own = Object.entries(document.paths).filter(([each]) => each.startsWith(`${path}/`));
      const text = JSON.stringify(own).replaceAll(new RegExp(name, 'gi'), 'X');
      expect(own.length).toBe(2);
      return JSON.parse(text.replaceAll(lower, 'X'));
    };
    expect(of('below')).toEqual(of('without'));
    expect(of('above')).toEqual(of('without'));
    expect(document.paths['/current/{id}']?.post?.parameters).toHaveLength(1);
    expect(JSON.stringify(of('above'))).toContain('#/components/schemas/Vote');
  });
});
