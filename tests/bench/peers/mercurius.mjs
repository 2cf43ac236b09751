// Mercurius on Fastify, each operation compiled by graphql-jit when it is first seen.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { port } from './data.mjs'
import { context, resolvers, typeDefs } from './schema.mjs'

const app = Fastify({ logger: false })
app.register(mercurius, { schema: typeDefs, resolvers, context, jit: 1, path: '/graphql' })
await app.listen({ port, host: '127.0.0.1' })
