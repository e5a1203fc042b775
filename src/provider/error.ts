/** What the other side refused or did not answer, where no problem says so: worth another try, and no fault of ours. */
export class ProviderError extends Error {
  override readonly name: string = 'ProviderError';
}
