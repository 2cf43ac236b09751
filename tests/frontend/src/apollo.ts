import { NetworkStatus } from "@apollo/client";
import { filter, firstValueFrom, map, tap } from "rxjs";

import { client } from "./apollo-client";
import { ORDER, ORDERS } from "./orders";
import { customer, first, run, type Walk } from "./walk";

async function walk(): Promise<Walk> {
  const list = client.watchQuery({ query: ORDERS, variables: { customer, first } });
  const counts: number[] = [];
  const settled = list.pipe(
    filter((result) => result.dataState === "complete"),
    filter(({ networkStatus }) => networkStatus === NetworkStatus.ready),
    map(({ data }) => data.salesOrders),
  );
  const whole = settled.pipe(
    tap(({ edges, pageInfo: { hasNextPage, endCursor } }) => {
      counts.push(edges.length);
      if (hasNextPage) list.fetchMore({ variables: { after: endCursor } }).catch(console.error);
    }),
    filter(({ pageInfo }) => !pageInfo.hasNextPage),
  );
  const { edges } = await firstValueFrom(whole);
  return { counts, orders: edges.map(({ node }) => node), again: await again(edges[0]?.node.id) };
}

async function again(id = ""): Promise<Walk["again"]> {
  const { data } = await client.query({
    query: ORDER,
    variables: { id },
    fetchPolicy: "cache-only",
  });
  return data?.salesOrder;
}

run(walk);
