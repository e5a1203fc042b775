/**
 * AWS refuses a whole call if one entry already exists, or is already gone. Then each half is tried alone.
 * @param isDone whether the error of a single entry says that there is nothing left to do
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
