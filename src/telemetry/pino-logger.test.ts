import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import { pinoLogger } from './pino-logger.ts';

afterEach(() => vi.restoreAllMocks());

test('a line of the log is JSON with its level in words, and with no secrets of an error', async () => {
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
  const error = Object.assign(new Error('refused'), { request: { headers: { authorization: 'the-secret' } } });
  const logger = (await pinoLogger({ level: 'info', format: 'json' })).child({ gateway: 'shop/web' });
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

test('a line as text has time, level, message and fields, and no colour if the output is no terminal', async () => {
  const script = `
    import { pinoLogger } from ${JSON.stringify(join(import.meta.dirname, 'pino-logger.ts'))};
    const logger = await pinoLogger({ level: 'info', format: 'text' });
    logger.child({ gateway: 'shop/web' }).info({ resource: 'listener/internal/80' }, 'made');
  `;
  const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  expect(stderr).toMatch(
    /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: made \{"gateway":"shop\/web","resource":"listener\/internal\/80"\}\n$/,
  );
});
