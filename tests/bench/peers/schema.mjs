// The schema of the peers: the part of the gateway's that the benchmark asks for, lists in place of
// connections, and the resolvers behind it, batched by DataLoader.
import DataLoader from 'dataloader'
import * as data from './data.mjs'

export const typeDefs = `
scalar Date
scalar DateTime
scalar Decimal
type Customer { id: ID! number: String! displayName: String! email: String }
type Item { id: ID! number: String! displayName: String! }
type SalesOrderLine {
  id: ID! sequence: Int! lineType: String! description: String quantity: Decimal! unitPrice: Decimal!
  discountPercent: Decimal! taxPercent: Decimal! netAmount: Decimal! netTaxAmount: Decimal!
  netAmountIncludingTax: Decimal! shipmentDate: Date item: Item
}
type SalesOrder {
  id: ID! number: String! externalDocumentNumber: String orderDate: Date! postingDate: Date!
  status: String! customerName: String! totalAmountExcludingTax: Decimal! totalTaxAmount: Decimal!
  totalAmountIncludingTax: Decimal! requestedDeliveryDate: Date lastModifiedDateTime: DateTime!
  customer: Customer! lines: [SalesOrderLine!]!
}
input IdInput { id: ID! }
input CodeInput { code: String! }
input SalesOrderLineInput { item: IdInput! quantity: Decimal! unitPrice: Decimal! }
input CreateSalesOrderInput {
  customer: IdInput! currency: CodeInput! orderDate: Date! lines: [SalesOrderLineInput!]!
}
type Query {
  salesOrder(id: ID!): SalesOrder
  salesOrders(orderDate: Date!, first: Int!): [SalesOrder!]!
}
type Mutation { createSalesOrder(input: CreateSalesOrderInput!): SalesOrder! }
`

export const context = () => ({
  customer: new DataLoader(data.customers),
  lines: new DataLoader(data.linesOfOrders),
  item: new DataLoader(data.items)
})

export const resolvers = {
  Query: {
    salesOrder: (_, { id }) => data.order(id),
    salesOrders: (_, { orderDate, first }) => data.ordersOf(orderDate, first)
  },
  Mutation: { createSalesOrder: (_, { input }) => data.createOrder(input) },
  SalesOrder: {
    customer: (order, _, loaders) => loaders.customer.load(order.customerId),
    lines: (order, _, loaders) => loaders.lines.load(order.id)
  },
  SalesOrderLine: {
    item: (line, _, loaders) => (line.itemId ? loaders.item.load(line.itemId) : null)
  }
}
