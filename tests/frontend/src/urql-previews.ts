import { PATCH, READ, TRY_DELETE, TRY_RELEASE, TRY_UPDATE } from "./previews";
import { client } from "./urql-client";
import { id, print } from "./walk";

/** What the cache holds of an order before and after dry runs of three mutations. */
async function preview(): Promise<object> {
  const { data: before } = await client.query(READ, { id });
  const tries = [
    await client.mutation(TRY_UPDATE, { id, input: PATCH }),
    await client.mutation(TRY_RELEASE, { id }),
    await client.mutation(TRY_DELETE, { id }),
  ].map(({ data }) => data);
  const { data: after } = await client.query(READ, { id }, { requestPolicy: "cache-only" });
  return { before, tries, after };
}

print(preview());
