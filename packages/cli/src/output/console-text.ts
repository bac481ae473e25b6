/**
 * Makes what a program has printed fit to be shown: of its control sequences only colours stay, and of a line that it wrote over and over, such as a
 * progress bar, the last state.
 */
export function consoleText(text: string, mayColour: boolean): string {
  return text
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .map((line) => line.slice(line.lastIndexOf('\r') + 1))
    .join('\n')
    .replaceAll(sequence, (found) => (mayColour && colour.test(found) ? found : ''))
}

/** CSI and OSC sequences, and lone control characters but for tab and line break. */
const sequence =
  // oxlint-disable-next-line no-control-regex
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

// oxlint-disable-next-line no-control-regex
const colour = /^\u001b\[[\d;]*m$/
