const backKeys: ReadonlySet<string> = new Set(['PageUp', 'ArrowUp', 'Home']);
const onwardKeys: ReadonlySet<string> = new Set(['PageDown', 'ArrowDown', 'End', ' ']);

/**
 * Tells which way a person wants to go in a list that also scrolls by itself: a scroll event looks the same for both,
 * the wheel, the keys and the touch do not. `either` is a finger or the scroll bar.
 */
export const watchScrollIntent = (
  element: HTMLElement,
  tell: (intent: 'back' | 'onward' | 'either') => void,
): (() => void) => {
  const ended = new AbortController();
  const { signal } = ended;
  element.addEventListener('wheel', (event) => tell(event.deltaY < 0 ? 'back' : 'onward'), { passive: true, signal });
  element.addEventListener('touchmove', () => tell('either'), { passive: true, signal });
  element.addEventListener(
    'pointerdown',
    // Only the scroll bar of the list is the list itself; a press on a line is on the line.
    (event) => event.target === element.querySelector('.viewport') && tell('either'),
    { signal },
  );
  element.addEventListener(
    'keydown',
    ({ key }) => {
      if (backKeys.has(key)) tell('back');
      if (onwardKeys.has(key)) tell('onward');
    },
    { signal },
  );
  return () => ended.abort();
};
