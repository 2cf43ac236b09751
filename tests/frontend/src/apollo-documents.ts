import { createHash } from "node:crypto";

import { ApolloClient, HttpLink, InMemoryCache } from "@apollo/client";
import { BatchHttpLink } from "@apollo/client/link/batch-http";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";

import { ORDERS } from "./orders";
import { TRY_DELETE } from "./previews";
import { recorded, requests } from "./recorder";
import { print, subject as way, url } from "./walk";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const useGETForHashedQueries = way === "GET";
const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries });
const options = { uri: url, fetch: recorded };
const http = way === "batch" ? new BatchHttpLink(options) : new HttpLink(options);
const client = new ApolloClient({ cache: new InMemoryCache(), link: persisted.concat(http) });

/** The numbers of the first orders of a customer. */
async function numbers(customer: string): Promise<unknown> {
  const { data } = await client.query({
    query: ORDERS,
    variables: { customer, first: 2 },
    fetchPolicy: "network-only",
  });
  return data?.salesOrders.edges.map(({ node }) => node.number);
}

async function ask(): Promise<object> {
  const customers = way === "batch" ? ["SAVEA", "ALFKI"] : ["SAVEA"];
  const all = () => Promise.all(customers.map(numbers));
  const answers = [await all(), await all()];
  const { data } = await client.mutate({ mutation: TRY_DELETE, variables: { id: "none" } });
  return { requests, answers, errors: data?.deleteSalesOrder?.userErrors.length };
}

print(ask());
