import { graphql } from "./generated";

export const STORED = graphql(`
  fragment Stored on SalesOrder {
    ...Identity
    etag
    salesperson
    status
    totalAmountIncludingTax
    lines {
      ...Identity
      etag
      quantity
      netAmountIncludingTax
      salesOrder { ...Identity etag salesperson }
    }
  }
`);

export const PAGE = graphql(`
  fragment Page on SalesOrderConnection {
    edges { cursor node { ...Stored } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
`);

/** An order, and all ways that lead from other records to it. */
export const READ = graphql(`
  query Read($id: ID!) {
    salesOrder(id: $id) {
      ...Stored
      customer { ...Identity salesOrders(filter: { id: { eq: $id } }) { ...Page } }
    }
  }
`);

export const TRY_UPDATE = graphql(`
  mutation TryUpdate($id: ID!, $input: UpdateSalesOrderInput!) {
    updateSalesOrder(id: $id, input: $input, dryRun: true) {
      salesOrder {
        ...Stored
        customer { ...Identity salesOrders(filter: { id: { eq: $id } }) { ...Page } }
      }
      userErrors { message }
    }
  }
`);

export const TRY_RELEASE = graphql(`
  mutation TryRelease($id: ID!) {
    releaseSalesOrder(id: $id, dryRun: true) {
      salesOrder { ...Stored }
      userErrors { message }
    }
  }
`);

export const TRY_DELETE = graphql(`
  mutation TryDelete($id: ID!) {
    deleteSalesOrder(id: $id, dryRun: true) {
      deletedId
      userErrors { message }
    }
  }
`);

export const PATCH = { salesperson: "PREVIEW", lines: { add: [{ description: "preview" }] } };
