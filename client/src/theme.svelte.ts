export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const storageKey = 'flowforge-theme';
const prefersDark = matchMedia('(prefers-color-scheme: dark)');

class ThemeChoice {
  chosen = $state<Theme>(themes.find((theme) => theme === localStorage.getItem(storageKey)) ?? 'system');
  #systemIsDark = $state(prefersDark.matches);
  readonly isDark: boolean = $derived(this.chosen === 'system' ? this.#systemIsDark : this.chosen === 'dark');

  start(): void {
    prefersDark.addEventListener('change', (event) => {
      this.#systemIsDark = event.matches;
    });
    this.#apply();
  }

  toggle(): void {
    this.chosen = this.isDark ? 'light' : 'dark';
    localStorage.setItem(storageKey, this.chosen);
    this.#apply();
  }

  #apply(): void {
    if (this.chosen === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.chosen;
  }
}

export const theme = new ThemeChoice();
