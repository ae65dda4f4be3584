/// <reference lib="dom" />
import type { Page } from 'playwright-core';

/** Words whose computed colour stands out too little from what is painted behind them; 3:1 is enough for large ones. */
export const contrastFaults = (page: Page): Promise<readonly string[]> => page.evaluate(measure);

// As text: it runs in the page, and the specs know no types of browsers.
const measure = `(() => {
    const canvas = document.createElement('canvas');
    canvas.width = 1;
    canvas.height = 1;
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    const painted = (layers) => {
      pen?.clearRect(0, 0, 1, 1);
      for (const color of layers) {
        if (pen === null) continue;
        pen.fillStyle = color;
        pen.fillRect(0, 0, 1, 1);
      }
      return [...(pen?.getImageData(0, 0, 1, 1).data ?? [])].slice(0, 3);
    };
    const luminance = (rgb) => {
      const [r = 0, g = 0, b = 0] = rgb.map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const groundsOf = (element) => {
      const grounds = [];
      for (let at = element; at !== null; at = at.parentElement)
        grounds.unshift(getComputedStyle(at).backgroundColor);
      return ['white', ...grounds];
    };
    const faults = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      const words = node.textContent?.trim() ?? '';
      if (element === null || words === '' || !element.checkVisibility({ visibilityProperty: true })) continue;
      if (element.closest(':disabled, .unseen, noscript') !== null) continue;
      const style = getComputedStyle(element);
      const grounds = groundsOf(element);
      const [ink, ground] = [luminance(painted([...grounds, style.color])), luminance(painted(grounds))];
      const ratio = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
      const size = Number.parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (isLarge ? 3 : 4.5)) faults.add(\`\${ratio.toFixed(2)}: \${element.className} "\${words.slice(0, 40)}"\`);
    }
    return [...faults];
})()`;
