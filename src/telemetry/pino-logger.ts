import { pino, stdSerializers } from 'pino';
import type { Logger } from './logger.ts';

/** JSON lines on standard error: standard output belongs to what a command prints. */
export function pinoLogger(level: 'debug' | 'info' | 'warn' | 'error'): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      // Not whole: fields of foreign errors may hold requests, and those may hold secrets.
      serializers: { err: (error: unknown) => brief(error) },
    },
    process.stderr,
  );
}

function brief(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { type, message, stack } = stdSerializers.err(error);
  return { type, message, stack };
}
