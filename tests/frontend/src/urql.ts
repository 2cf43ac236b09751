import { Client, fetchExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";

import type { OrdersQuery } from "./generated/graphql";
import introspection from "./generated/introspection.json";
import { ORDER, ORDERS } from "./orders";
import { customer, first, run, url, type Walk } from "./walk";

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
const client = new Client({ url, exchanges: [cache, fetchExchange] });

async function walk(): Promise<Walk> {
  const counts = [];
  for (let after: string | null = null; ; ) {
    const { salesOrders } = await page(after);
    const { edges, pageInfo } = salesOrders;
    counts.push(edges.length);
    if (!pageInfo.hasNextPage) {
      return { counts, orders: edges.map(({ node }) => node), again: await again(edges[0]?.node.id) };
    }
    after = pageInfo.endCursor;
  }
}

async function page(after: string | null): Promise<OrdersQuery> {
  const { data, error } = await client.query(ORDERS, { customer, first, after });
  if (!data) throw error;
  return data;
}

async function again(id = ""): Promise<Walk["again"]> {
  const { data } = await client.query(ORDER, { id }, { requestPolicy: "cache-only" });
  return data?.salesOrder;
}

run(walk);
