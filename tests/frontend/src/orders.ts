import { graphql } from "./generated";

export const IDENTITY = graphql(`
  fragment Identity on Node {
    id
  }
`);

export const ORDER_FIELDS = graphql(`
  fragment OrderFields on SalesOrder {
    ...Identity
    number
    orderDate
    lastModifiedDateTime
    currency { ...Identity code }
    sellToAddress { city }
    totalAmountIncludingTax
    lines { ...Identity sequence quantity unitPrice netAmountIncludingTax }
  }
`);

export const ORDERS = graphql(`
  query Orders($customer: String!, $first: Int!, $after: String) {
    salesOrders(filter: { customer: { number: { eq: $customer } } }, first: $first, after: $after) {
      edges { cursor node { ...OrderFields } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);

export const ORDER = graphql(`
  query Order($id: ID!) {
    salesOrder(id: $id) { ...OrderFields }
  }
`);
