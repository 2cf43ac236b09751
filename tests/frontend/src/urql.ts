import type { OrdersQuery } from "./generated/graphql";
import { ORDER, ORDERS } from "./orders";
import { client } from "./urql-client";
import { customer, first, run, type Walk } from "./walk";

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
