import { ApolloClient, HttpLink, InMemoryCache } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";

import generated from "./generated/possible-types";
import { repeating } from "./repeating";
import { url } from "./walk";

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
const link = new HttpLink({ uri: url, fetch: repeating() });
export const client = new ApolloClient({ cache, link });
