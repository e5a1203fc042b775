/**
 * AWS refuses a call as a whole for one of its entries that is there already, or gone already: then each half of it is tried
 * alone.
 * @param isDone whether an error says of a single one that there is nothing left to do
 */
export async function inParts<T>(
  items: readonly T[],
  isDone: (error: unknown) => boolean,
  send: (items: T[]) => Promise<unknown>,
): Promise<void> {
  if (items.length === 0) return;
  try {
    await send([...items]);
  } catch (error) {
    if (!isDone(error)) throw error;
    if (items.length === 1) return;
    const middle = Math.ceil(items.length / 2);
    for (const half of [items.slice(0, middle), items.slice(middle)]) await inParts(half, isDone, send);
  }
}
