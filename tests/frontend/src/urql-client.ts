import { Client, fetchExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";

import introspection from "./generated/introspection.json";
import { repeating } from "./repeating";
import { url } from "./walk";

const withoutId = introspection.__schema.types.filter(
  ({ kind, fields }) => kind === "OBJECT" && !fields?.some(({ name }) => name === "id"),
);
const cache = cacheExchange({
  schema: introspection,
  keys: Object.fromEntries(withoutId.map(({ name }) => [name, () => null])),
  resolvers: {
    Query: {
      salesOrders: relayPagination(),
      salesOrder: (_, { id }) => ({ __typename: "SalesOrder", id }),
    },
    Customer: { salesOrders: relayPagination() },
  },
});
export const client = new Client({ url, fetch: repeating(), exchanges: [cache, fetchExchange] });
