import { decodeRecord } from './decode-record.ts'
import type { WandbRecord } from './record.ts'
import { RecordLogReader } from './record-log-reader.ts'

/** What delivery reads. */
export interface RecordSource {
  /** Gives the next records; none if there are none at the moment. */
  read(): Promise<WandbRecord[]>
  /** Tells whether all is there: what has not been read yet is the last. */
  isWhole(): boolean
  close(): Promise<void>
}

/** Reads a `.wandb` file that may still grow. */
export class FileSource implements RecordSource {
  readonly #file: string
  readonly #limit: () => number
  #reader: RecordLogReader | undefined

  /** @param limit Gives the offset up to which the file stands for good; infinite once it has its end. */
  constructor(file: string, limit: () => number = () => Infinity) {
    this.#file = file
    this.#limit = limit
  }

  async read(): Promise<WandbRecord[]> {
    this.#reader ??= await RecordLogReader.open(this.#file)
    const limit = Math.min(this.#limit(), await this.#reader.size())
    return (await this.#reader.read(limit)).map(({ data }) => decodeRecord(data))
  }

  isWhole(): boolean {
    return this.#limit() === Infinity
  }

  async close(): Promise<void> {
    await this.#reader?.close()
  }
}
