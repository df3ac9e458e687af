/** Where the progress is shown: a terminal gets a bar that moves, anything else a line per quarter. */
export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const BAR = 30;

/** How far one run is. */
export class Progress {
  private done = 0;

  constructor(
    private readonly label: string,
    private readonly total: number,
    private readonly screen: Screen,
  ) {}

  step(): void {
    this.done += 1;
    if (this.screen.isTTY === true) this.drawBar();
    else this.writeQuarter();
  }

  private drawBar(): void {
    const share = this.done / this.total;
    // A frame per percent; more is only flicker.
    if (Math.floor(share * 100) === Math.floor(((this.done - 1) / this.total) * 100)) return;
    const filled = Math.round(share * BAR);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled);
    const end = this.done === this.total ? '\n' : '';
    this.screen.write(`\r${this.label} ${bar} ${this.done}/${this.total}${end}`);
  }

  private writeQuarter(): void {
    const quarter = Math.floor((this.done * 4) / this.total);
    if (quarter === Math.floor(((this.done - 1) * 4) / this.total)) return;
    this.screen.write(`${this.label} ${quarter * 25} % (${this.done}/${this.total})\n`);
  }
}
