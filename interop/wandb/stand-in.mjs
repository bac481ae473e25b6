// The stand-in, for a check that runs from its bundle.
export { WandbStandIn } from '@trainyard/testing/wandb'
