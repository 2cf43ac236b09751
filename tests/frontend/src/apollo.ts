import { ApolloClient, HttpLink, InMemoryCache, NetworkStatus } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";
import { filter, firstValueFrom, map, tap } from "rxjs";

import generated from "./generated/possible-types";
import { ORDER, ORDERS } from "./orders";
import { customer, first, run, url, type Walk } from "./walk";

const orders = relayStylePagination(["filter", "sort"]);
const cache = new InMemoryCache({
  ...generated,
  typePolicies: {
    Query: {
      fields: {
        salesOrders: orders,
        salesOrder: (found, { args, toReference }) =>
          found ?? toReference({ __typename: "SalesOrder", id: args?.id }),
      },
    },
    Customer: { fields: { salesOrders: orders } },
    PostalAddress: { merge: true },
  },
});
const client = new ApolloClient({ cache, link: new HttpLink({ uri: url }) });

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
