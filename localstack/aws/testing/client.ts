/** The configuration of a test's SDK client: only an endpoint and a region. */
export function clientOf(aws: { readonly url: string }) {
  return {
    endpoint: aws.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
}

/** The name (code) of the error of a refused call. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
  return 'not refused';
}

/** A clock that only moves when the test moves it. */
export class TestClock {
  #now = Date.UTC(2026, 5, 1);
  now(): number {
    return this.#now;
  }
  advance(seconds: number): void {
    this.#now += seconds * 1000;
  }
}
