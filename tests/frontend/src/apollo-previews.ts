import { client } from "./apollo-client";
import { PATCH, READ, TRY_DELETE, TRY_RELEASE, TRY_UPDATE } from "./previews";
import { id, print } from "./walk";

/** What the cache holds of an order before and after dry runs of three mutations. */
async function preview(): Promise<object> {
  const variables = { id };
  const { data: before } = await client.query({ query: READ, variables });
  const tries = [
    await client.mutate({ mutation: TRY_UPDATE, variables: { id, input: PATCH } }),
    await client.mutate({ mutation: TRY_RELEASE, variables }),
    await client.mutate({ mutation: TRY_DELETE, variables }),
  ].map(({ data }) => data);
  const { data: after } = await client.query({
    query: READ,
    variables,
    fetchPolicy: "cache-only",
  });
  return { before, tries, after };
}

print(preview());
