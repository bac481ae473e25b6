// A program that is launched where there may be no files yet.
import { launch } from '@trainyard/launch'

await launch({}, ({ config }) => console.log(JSON.stringify(config)))
