const width = 30;

/** `[##########--------------------]  33 %  66 of 200 runs`, over the line that stood there before. */
export const progressLine = ({ done, total }: { readonly done: number; readonly total: number }): string => {
  const share = total === 0 ? 0 : done / total;
  const filled = Math.round(share * width);
  const percent = `${Math.floor(share * 100)}`.padStart(3);
  return `\r[${'#'.repeat(filled)}${'-'.repeat(width - filled)}] ${percent} %  ${done} of ${total} runs`;
};

/** Takes the line away. */
export const noProgressLine = '\r\u001b[K';
