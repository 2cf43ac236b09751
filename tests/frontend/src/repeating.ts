/**
 * A fetch that repeats a request under the same key until it is answered. A mutation is then carried
 * out once; queries ignore the key.
 */
export function repeating(send: typeof fetch = fetch): typeof fetch {
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set("Idempotency-Key", crypto.randomUUID());
    for (let pause = 100; ; pause *= 2) {
      try {
        return await send(input, { ...init, headers });
      } catch (error) {
        if (init?.signal?.aborted || pause > 10_000) throw error;
        await new Promise((done) => setTimeout(done, pause));
      }
    }
  };
}
