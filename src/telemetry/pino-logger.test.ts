import { afterEach, expect, test, vi } from 'vitest';
import { pinoLogger } from './pino-logger.ts';

afterEach(() => vi.restoreAllMocks());

test('a line of the log is JSON with words for its level, and of an error only what is no secret', () => {
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
  const error = Object.assign(new Error('refused'), { request: { headers: { authorization: 'the-secret' } } });
  const logger = pinoLogger('info').child({ gateway: 'shop/web' });
  logger.debug({}, 'not asked for');
  logger.error({ err: error }, 'a pass failed');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'error',
    gateway: 'shop/web',
    msg: 'a pass failed',
    err: { type: 'Error', message: 'refused' },
  });
  expect(lines[0]).not.toContain('the-secret');
});
