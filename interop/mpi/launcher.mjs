// `trainyard-mpi` from its sources.
import { main } from '../../packages/mpi/src/launcher/main.ts'

await main(process.argv)
