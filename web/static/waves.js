// What the pillow feels, drawn while it comes: three axes as lines, the squeeze as an area. Its law: what is drawn runs
// a little behind what came, so that it flows although it comes in pieces.

const RATE = 100; // samples a second
const SPAN = 8 * RATE; // samples across the picture
const BEHIND = 0.45 * RATE; // about two pieces
const KEEP = 60 * RATE;
const LEAST_MG = 700; // half the height, when it is calm
const SQUEEZE_MOST = 1000;

export class Waves {
  #samples = [];
  #first = 0; // number of #samples[0]
  #head = 0; // up to here it is drawn
  #scale = LEAST_MG;
  #rest = [0, 0, 0];
  #marks = []; // [first, last] samples of what was to be done
  #before = 0;
  #frame = 0;

  constructor(canvas) {
    this.canvas = canvas;
    addEventListener("resize", () => this.#wake());
  }

  clear() {
    this.#samples = [];
    this.#marks = [];
    this.#first = this.#head = 0;
    this.#scale = LEAST_MG;
    this.#wake();
  }

  mark(first, last) {
    this.#marks = [[first, last]];
  }

  add(first, samples) {
    if (first !== this.#first + this.#samples.length) {
      this.clear();
      this.#first = this.#head = first;
    }
    if (!this.#samples.length && samples.length) this.#rest = samples[0].slice(0, 3);
    this.#samples.push(...samples);
    const over = this.#samples.length - KEEP;
    if (over > 0) {
      this.#samples.splice(0, over);
      this.#first += over;
    }
    this.#wake();
  }

  #wake() {
    if (!this.#frame) this.#frame = requestAnimationFrame((now) => this.#draw(now));
  }

  #draw(now) {
    this.#frame = 0;
    const end = this.#first + this.#samples.length;
    const past = Math.min(0.1, (now - this.#before) / 1000 || 0);
    this.#before = now;
    const hurry = 1 + (end - this.#head - BEHIND) / RATE;
    this.#head = Math.min(end, this.#head + Math.max(0.2, hurry) * RATE * past);
    this.#paint();
    if (this.#head < end) this.#wake();
  }

  #paint() {
    const { canvas } = this;
    const ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const style = getComputedStyle(canvas);
    const tint = style.getPropertyValue("--tint").trim() || "#ff8dab";
    const ink = style.color;
    const from = Math.max(this.#first, Math.floor(this.#head) - SPAN);
    const seen = this.#samples.slice(from - this.#first, Math.ceil(this.#head) - this.#first);
    const x = (index) => ((index - (this.#head - SPAN)) / SPAN) * width;
    this.#ease(seen);
    for (const [first, last] of this.#marks) {
      pen.globalAlpha = 0.13;
      pen.fillStyle = tint;
      pen.fillRect(x(first), 0, x(last) - x(first), height);
    }
    pen.globalAlpha = 1;
    this.#line(pen, seen, from, x, () => height / 2, ink, 0.16);
    this.#area(pen, seen, from, x, height, tint);
    [0.9, 0.6, 0.35].forEach((alpha, axis) => {
      const y = (sample) => height / 2 - ((sample[axis] - this.#rest[axis]) / this.#scale) * (height / 2 - 6);
      this.#line(pen, seen, from, x, y, ink, alpha);
    });
  }

  // The picture grows with what is felt, and settles slowly.
  #ease(seen) {
    let most = LEAST_MG;
    for (const sample of seen) {
      for (let axis = 0; axis < 3; axis += 1) most = Math.max(most, 1.1 * Math.abs(sample[axis] - this.#rest[axis]));
    }
    this.#scale += (most - this.#scale) * (most > this.#scale ? 0.35 : 0.03);
  }

  #line(pen, seen, from, x, y, colour, alpha) {
    pen.beginPath();
    seen.forEach((sample, i) => pen.lineTo(x(from + i), y(sample)));
    pen.globalAlpha = alpha;
    pen.strokeStyle = colour;
    pen.lineWidth = 1.75;
    pen.lineJoin = "round";
    pen.stroke();
    pen.globalAlpha = 1;
  }

  #area(pen, seen, from, x, height, tint) {
    if (!seen.length) return;
    const y = (sample) => height - (sample[6] / SQUEEZE_MOST) * (height - 8);
    pen.beginPath();
    pen.moveTo(x(from), height);
    seen.forEach((sample, i) => pen.lineTo(x(from + i), y(sample)));
    pen.lineTo(x(from + seen.length - 1), height);
    pen.globalAlpha = 0.34;
    pen.fillStyle = tint;
    pen.fill();
    pen.globalAlpha = 1;
  }
}
