// The output of a container, for `kubectl logs`.
import { EventEmitter } from 'node:events';

export interface LogLine {
  /** In milliseconds. */
  readonly time: number;
  readonly text: string;
}

/** If there are more lines, the oldest are dropped. */
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

  /** Calls back for each new line, and at the end. Call the result to stop. */
  follow(added: (line: LogLine) => void, ended: () => void): () => void {
    this.#changes.setMaxListeners(0).on('line', added).once('end', ended);
    return () => void this.#changes.off('line', added).off('end', ended);
  }
}
