import { type DestinationStream, pino, stdSerializers } from 'pino';
import type { Logger } from './logger.ts';

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'json' | 'text';
}

/** Logs to standard error, because a command prints its result to standard output. */
export async function pinoLogger({ level, format }: LogOptions): Promise<Logger> {
  const logger: Logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      // Never log a whole foreign error: its fields may contain requests with secrets.
      serializers: { err: (error: unknown) => brief(error) },
    },
    format === 'json' ? process.stderr : await textStream(),
  );
  return logger;
}

/** One line per record: time, level, message and fields. The module is loaded only when text logs are wanted. */
async function textStream(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  const colorize = process.stderr.isTTY && !process.env['NO_COLOR'];
  return pretty({ destination: 2, sync: true, colorize, singleLine: true, translateTime: 'SYS:HH:MM:ss.l' });
}

function brief(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { type, message, stack } = stdSerializers.err(error);
  return { type, message, stack };
}
