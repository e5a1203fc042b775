/**
 * A pure function that keeps its result for an object as long as the object lives. An object that may still be changed gets a new
 * result each time.
 */
export function remembered<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  const results = new WeakMap<K, V>();
  return (key) => {
    const known = results.get(key);
    if (known !== undefined) return known;
    const result = compute(key);
    if (Object.isFrozen(key)) results.set(key, result);
    return result;
  };
}
