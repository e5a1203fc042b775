// What a container wrote, for `kubectl logs`.
import { EventEmitter } from 'node:events';

export interface LogLine {
  /** In milliseconds. */
  readonly time: number;
  readonly text: string;
}

/** The oldest lines go when there are more. */
const keptLines = 20_000;

export class ContainerLog {
  #lines: LogLine[] = [];
  #ended = false;
  readonly #changes = new EventEmitter();

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  get ended(): boolean {
    return this.#ended;
  }

  add(line: LogLine): void {
    this.#lines.push(line);
    if (this.#lines.length > 2 * keptLines) this.#lines = this.#lines.slice(-keptLines);
    this.#changes.emit('line', line);
  }

  end(): void {
    this.#ended = true;
    this.#changes.emit('end');
  }

  /** Calls back for each line that comes, and at the end; returns what stops that. */
  follow(added: (line: LogLine) => void, ended: () => void): () => void {
    this.#changes.setMaxListeners(0).on('line', added).once('end', ended);
    return () => void this.#changes.off('line', added).off('end', ended);
  }
}
