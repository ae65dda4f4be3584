/** The wall clock as the screen shows it: one beat a second, for every age and countdown at once. */
class Clock {
  nowMs = $state(Date.now());

  start(): void {
    setInterval(() => {
      this.nowMs = Date.now();
    }, 1000);
  }
}

export const clock = new Clock();
