// GraphQL Yoga on Node's own HTTP server, operations compiled by graphql-jit.
import { createServer } from 'node:http'
import { useGraphQlJit } from '@envelop/graphql-jit'
import { createSchema, createYoga } from 'graphql-yoga'
import { port } from './data.mjs'
import { context, resolvers, typeDefs } from './schema.mjs'

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  context,
  logging: false,
  graphiql: false,
  landingPage: false,
  plugins: [useGraphQlJit()]
})
createServer(yoga).listen(port, '127.0.0.1')
